import type { Bench } from '../bench.ts'
import { startHaproxy } from './haproxy.ts'
import { startHttpProxy3 } from './http-proxy-3.ts'
import { startNavigator } from './navigator.ts'
import { startNginx } from './nginx.ts'
import { startOrigin } from './origin.ts'
import type { Peer } from './peer.ts'

/** Names of all columns, in their order. */
export const columns = ['nginx', 'nginx tuned', 'haproxy', 'http-proxy-3', 'navigator'] as const

/** Proxies that run side by side, and how to end them. */
export type Lineup = { readonly peers: readonly Peer[]; stop(): Promise<void> }

/**
 * Starts those of the named columns that are installed and wanted, one thread each, with the same origin program behind them.
 * One that cannot be started is reported and left out.
 */
export const startLineup = async (bench: Bench, wanted: readonly string[] = columns): Promise<Lineup> => {
  const origin = await startOrigin(bench)
  const task = { bench, originPort: origin.port }
  const starts: Readonly<Record<string, () => Promise<Peer>>> = {
    nginx: () => startNginx(task),
    'nginx tuned': () => startNginx({ ...task, isTuned: true }),
    haproxy: () => startHaproxy(task),
    'http-proxy-3': () => startHttpProxy3(task),
    navigator: () => startNavigator({ bench }),
  }
  const peers: Peer[] = []
  for (const name of columns) {
    if (!wanted.includes(name) || !isMeasured(bench, name)) continue
    const peer = await attempt(bench, name, starts[name]!)
    if (peer !== undefined) peers.push(peer)
  }
  return { peers, stop: async () => void (await Promise.all([origin, ...peers].map((one) => one.stop()))) }
}

/** Whether the column is wanted and its program installed. */
export const isMeasured = ({ settings, tools }: Bench, name: string): boolean => {
  const isWanted = settings.only.length === 0 || settings.only.includes(name)
  const program = name.startsWith('nginx') ? 'nginx' : name
  return isWanted && (program === 'nginx' || program === 'haproxy' ? tools.has(program) : true)
}

/** Starts something, or says why it could not be and gives undefined: the other columns are still worth having. */
export const attempt = async <T>(bench: Bench, name: string, start: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await start()
  } catch (error) {
    bench.report.say(`  MISSING ${name}: ${reasonOf(error)}`)
    return undefined
  }
}

/** The error's message and those of its causes. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}
