import { readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { askInstance } from '../../../src/inspect/control-socket.ts'
import type { PsRow } from '../../../src/supervisor/report.ts'
import { type Bench, pause } from '../bench.ts'
import { memoryOf } from '../measure.ts'
import { type MixedLoad, startMixedLoad } from '../mixed-load.ts'
import { type Navigator, startNavigator } from '../peers/navigator.ts'
import { describe, megabytes, type Row } from '../report.ts'

type Sample = {
  readonly second: number
  readonly rss: number
  readonly uss: number
  readonly descriptors: number
  readonly done: number
  readonly failed: number
}

const tenants = ['/', '/year/', '/year/event/']
const killEveryMs = 20_000
const reloadEveryMs = 15_000
const settleLimitMs = 30_000
const rowsOfTable = 30

/** Memory and descriptors under mixed load for a long time, with reloads and tenants that are killed; what is left at its end. */
export const measureSoak = async (bench: Bench): Promise<void> => {
  const navigator = await startNavigator({ bench, tenants })
  const socket = navigator.controlSocket()
  const atRest = sample(navigator, 0)
  const load = startMixedLoad(navigator.port, tenants)
  // Whatever fails, the clients must end: they would keep the program alive.
  const curve = await watch(bench, { navigator, socket, load }).finally(() => load.stop())
  const left = await settled(socket)
  const after = sample(navigator, Math.round(bench.settings.minutes * 60), load)
  await navigator.stop()
  const every = Math.max(1, Math.ceil(curve.length / rowsOfTable))
  bench.report.add({
    name: 'soak',
    title: `Mixed load for ${bench.settings.minutes} minutes`,
    rows: [
      rowOf('before', atRest),
      ...curve.filter((_, index) => index % every === 0).map((one) => rowOf('load', one)),
      rowOf('after', after),
    ],
    notes: [
      ...Object.entries(load.tallies).map(([kind, { done, failed }]) => `${kind}: ${done} rounds, ${failed} failed`),
      `After the load: ${left.inFlight} requests in flight and ${left.sockets} sockets open by the counters.`,
      'A tenant is killed every 20 s: what it was answering fails. A reload comes every 15 s. Descriptors are those of the program.',
    ],
    peers: [describe(navigator)],
    details: { curve, left, tallies: load.tallies },
  })
  if (left.inFlight + left.sockets > 0) throw new Error('the counters did not come back to zero')
}

type Watched = { readonly navigator: Navigator; readonly socket: string; readonly load: MixedLoad }

const watch = async (bench: Bench, { navigator, socket, load }: Watched): Promise<readonly Sample[]> => {
  const from = performance.now()
  const lengthMs = bench.settings.minutes * 60_000
  const curve: Sample[] = []
  let kills = 0
  let reloads = 0
  for (let elapsed = 0; elapsed < lengthMs; elapsed = performance.now() - from) {
    if (elapsed >= (kills + 1) * killEveryMs) await killTenant(socket, kills++)
    if (elapsed >= (reloads + 1) * reloadEveryMs) {
      reloads += 1
      await askInstance(socket, { command: 'reload' }, { timeoutMs: 60_000 })
    }
    if (elapsed >= curve.length * 5_000) curve.push(sample(navigator, Math.round(elapsed / 1000), load))
    await pause(500)
  }
  return curve
}

const rowsOfPs = async (socket: string): Promise<readonly PsRow[]> => {
  const reply = await askInstance(socket, { command: 'ps' }, { timeoutMs: 10_000 })
  return (reply as { readonly rows: readonly PsRow[] }).rows
}

/** Kills the process of one tenant after the other, as the kernel does when memory runs out. */
const killTenant = async (socket: string, turn: number): Promise<void> => {
  const awake = (await rowsOfPs(socket)).filter(({ kind, pid }) => kind === 'tenant' && pid !== undefined)
  const pid = awake[turn % Math.max(1, awake.length)]?.pid
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the look and the signal.
  }
}

/** What the counters say once they are at zero, or after half a minute. */
const settled = async (socket: string): Promise<{ readonly inFlight: number; readonly sockets: number }> => {
  const until = performance.now() + settleLimitMs
  for (;;) {
    const rows = await rowsOfPs(socket)
    const left = { inFlight: sumOf(rows, 'inFlight'), sockets: sumOf(rows, 'sockets') }
    if (left.inFlight + left.sockets === 0 || performance.now() > until) return left
    await pause(500)
  }
}

const sumOf = (rows: readonly PsRow[], count: 'inFlight' | 'sockets'): number => rows.reduce((sum, row) => sum + row[count], 0)

const sample = (navigator: Navigator, second: number, load?: MixedLoad): Sample => {
  const { rss, uss } = memoryOf([navigator.pid])
  const tallies = Object.values(load?.tallies ?? {})
  return {
    second,
    rss,
    uss,
    descriptors: readdirSync(`/proc/${navigator.pid}/fd`).length,
    done: tallies.reduce((sum, { done }) => sum + done, 0),
    failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
  }
}

const rowOf = (when: string, { second, rss, uss, descriptors, done, failed }: Sample): Row => ({
  when,
  second: String(second),
  'RSS MB': megabytes(rss),
  'USS MB': megabytes(uss),
  descriptors: String(descriptors),
  rounds: String(done),
  failed: String(failed),
})
