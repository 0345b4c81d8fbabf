import { NavigatorError } from '../errors.ts'
import type { Destinations } from '../log/destinations.ts'
import type { PsReport } from '../supervisor/report.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { ControlCommands, ControlRequest } from './control-socket.ts'
import { createFeed } from './feed.ts'
import type { LoopDelay } from './loop-delay.ts'
import { renderMetrics } from './metrics.ts'
import { patternsOf } from './names.ts'
import type { Transition } from './recorder.ts'
import type { TrafficTotal } from './traffic.ts'

/** What `inspect` shows: the rows of `ps` with the path of each machine's state, and the traffic of each tenant. */
export type InspectReport = PsReport & {
  /** Epoch ms. */
  readonly at: number
  readonly traffic: Readonly<Record<string, TrafficTotal>>
  /** By `kind/name`. */
  readonly states: Readonly<Record<string, string>>
}

/** What the commands draw on. */
export type Watched = {
  supervisor(): Promise<Supervisor>
  readonly destinations: Destinations
  readonly loopDelay: LoopDelay
  stdoutDropped(): number
}

/**
 * `inspect`: an {@link InspectReport}. `transitions`: those of all machines, or of `{kind,name}`, then with `follow` those that come.
 * `metrics`: text. `order`: `{verb,names}`. Supervisor thread.
 */
export const watchCommands = (watched: Watched): ControlCommands => ({
  inspect: async () => readReport(await watched.supervisor()),
  metrics: () => readMetrics(watched),
  async transitions({ kind, name, follow, last }) {
    const { recorder } = await watched.supervisor()
    const subject = isKind(kind) && typeof name === 'string' ? { kind, name } : undefined
    const known = recorder.transitions(subject)
    return followTransitions(recorder, typeof last === 'number' ? known.slice(-last || known.length) : known, follow === true)
  },
  async order(request) {
    const { verb, names } = orderOf(request)
    return (await watched.supervisor()).order(verb, names)
  },
})

/** The text of `/metrics`. */
export const readMetrics = async ({ supervisor, destinations, loopDelay, stdoutDropped }: Watched): Promise<string> => {
  const { ps, traffic, recorder, reloads } = await supervisor()
  const losses = { ...destinations.counts(), stdoutDropped: stdoutDropped() }
  return renderMetrics({ ps: await ps(), traffic, recorder, losses, reloads: reloads(), loopDelayMs: loopDelay.take() })
}

const readReport = async ({ ps, traffic, recorder }: Supervisor): Promise<InspectReport> => {
  const report = await ps()
  const states = report.rows.flatMap(({ kind, name }) => {
    const state = recorder.stateOf({ kind, name })
    return state === undefined ? [] : [[`${kind}/${name}`, state] as const]
  })
  const own = (['server', 'host'] as const).map((name) => [`${name}/${name}`, recorder.stateOf({ kind: name, name }) ?? ''] as const)
  return {
    ...report,
    at: Date.now(),
    traffic: Object.fromEntries(traffic.names().map((name) => [name, traffic.total(name)!])),
    states: Object.fromEntries([...own, ...states]),
  }
}

const KINDS = ['tenant', 'process', 'worker', 'server', 'host'] as const
const isKind = (kind: unknown): kind is (typeof KINDS)[number] => KINDS.some((known) => known === kind)

const followTransitions = (recorder: Supervisor['recorder'], known: readonly Transition[], isFollowed: boolean) => {
  const feed = createFeed<Transition>(() => leave())
  for (const transition of known) feed.push(transition)
  const leave = isFollowed ? recorder.follow(feed.push) : () => {}
  if (!isFollowed) feed.end()
  return feed
}

const orderOf = ({ verb, names }: ControlRequest) => {
  const patterns = patternsOf(names)
  if ((verb === 'start' || verb === 'stop' || verb === 'restart') && patterns.length > 0) return { verb, names: patterns } as const
  throw new NavigatorError('NAV_CONTROL_FAILED', 'an order has a verb, start, stop or restart, and names')
}
