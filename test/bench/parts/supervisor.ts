import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { askInstance } from '../../../src/inspect/control-socket.ts'
import { type Bench, makeRoom, medianOf, pause, quantileOf } from '../bench.ts'
import { type Navigator, startNavigator } from '../peers/navigator.ts'
import { describe, type Row } from '../report.ts'
import { small } from '../workloads.ts'

type Delay = { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number; readonly samples: number }

/** One round: the event loop's delay in both processes, and how long `ps` took to answer, in ms. */
type Round = { readonly supervisor: Delay; readonly idle: Delay; readonly psMs: readonly number[] }

/** Whether the supervisor stays free while its workers are busy. */
export const measureSupervisor = async (bench: Bench): Promise<void> => {
  const room = makeRoom(bench, 'probe')
  const probe = join(bench.checkout, 'test/bench/programs/loop-probe.ts')
  const env = { BENCH_PROBE_DIRECTORY: room }
  const control = bench.crew.start({ program: process.execPath, args: [probe], directory: room, output: join(room, 'output.log'), env })
  const navigator = await startNavigator({ bench, env: { ...env, NODE_OPTIONS: `--import=${probe}` } })
  const pids = { supervisor: navigator.pid, idle: control.pid }
  const quiet: Round[] = []
  const loaded: Round[] = []
  for (let round = 0; round < bench.settings.rounds; round++) {
    quiet.push(await runRound(bench, navigator, { room, pids, work: () => pause(bench.settings.seconds * 1000) }))
    const load = { port: navigator.port, workload: small, connections: 256, seconds: bench.settings.seconds }
    loaded.push(await runRound(bench, navigator, { room, pids, work: () => bench.putLoad(load) }))
  }
  await Promise.all([navigator.stop(), control.stop()])
  bench.report.add({
    name: 'supervisor',
    title: "Delay of the supervisor's event loop, and of an idle process beside it",
    rows: [...rowsOf('no load', quiet), ...rowsOf('1 KB GET, 256 connections', loaded)],
    notes: [
      'Event loops are sampled each 2 ms: 2 is no delay. ps: asked over the control socket, 20 times a second, meanwhile.',
      'Medians of rounds. The idle process shows what the machine itself adds.',
    ],
    peers: [describe(navigator)],
    details: { quiet, loaded },
  })
}

type Task = {
  readonly room: string
  readonly pids: { readonly supervisor: number; readonly idle: number }
  readonly work: () => Promise<unknown>
}

const runRound = async (bench: Bench, navigator: Navigator, { room, pids, work }: Task): Promise<Round> => {
  // The first look only empties the histograms.
  await Promise.all([readDelay(room, pids.supervisor), readDelay(room, pids.idle)])
  const socket = navigator.controlSocket()
  const psMs: number[] = []
  const until = performance.now() + bench.settings.seconds * 1000
  const asking = (async () => {
    while (performance.now() < until) {
      const from = performance.now()
      await askInstance(socket, { command: 'ps' }, { timeoutMs: 10_000 })
      psMs.push(performance.now() - from)
      await pause(50)
    }
  })()
  await Promise.all([work(), asking])
  const [supervisor, idle] = await Promise.all([readDelay(room, pids.supervisor), readDelay(room, pids.idle)])
  return { supervisor, idle, psMs }
}

const readDelay = async (room: string, pid: number): Promise<Delay> => {
  const file = join(room, `${pid}.json`)
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  for (let waited = 0; !existsSync(file); waited++) {
    if (waited > 5_000) throw new Error(`process ${pid} did not say its event loop's delay within 5 s`)
    await pause(1)
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Delay
}

const rowsOf = (load: string, rounds: readonly Round[]): readonly Row[] => {
  const row = (who: 'supervisor' | 'idle') => ({
    load,
    process: who === 'idle' ? 'idle process' : 'supervisor',
    'loop p50 ms': medianOf(rounds.map((round) => round[who].p50Ms)),
    'loop p99 ms': medianOf(rounds.map((round) => round[who].p99Ms)),
    'loop max ms': medianOf(rounds.map((round) => round[who].maxMs)),
  })
  const ps = rounds.flatMap(({ psMs }) => psMs)
  return [{ ...row('supervisor'), 'ps p50 ms': medianOf(ps), 'ps p99 ms': quantileOf(ps, 0.99) }, row('idle')]
}
