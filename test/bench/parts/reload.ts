import { performance } from 'node:perf_hooks'
import { askInstance } from '../../../src/inspect/control-socket.ts'
import { type Bench, medianOf, pause } from '../bench.ts'
import { startNavigator } from '../peers/navigator.ts'
import { describe } from '../report.ts'
import { small } from '../workloads.ts'

/** Reload of 1,000 tenants without a change, at rest and under load. */
export const measureReload = async (bench: Bench): Promise<void> => {
  const tenants = Array.from({ length: 1_000 }, (_, index) => `/year/t${index}/`)
  const path = `${tenants.at(-1)}1k`
  const navigator = await startNavigator({ bench, tenants, warmPath: path })
  const socket = navigator.controlSocket()
  const reload = async (): Promise<number> => {
    const from = performance.now()
    await askInstance(socket, { command: 'reload' }, { timeoutMs: 60_000 })
    return performance.now() - from
  }
  const reloads = bench.settings.isQuick ? 5 : 20
  const atRest: number[] = []
  for (let done = 0; done < reloads; done++) atRest.push(await reload())
  const underLoad: number[] = []
  const seconds = Math.max(3, bench.settings.seconds)
  const load = bench.putLoad({ port: navigator.port, workload: { ...small, path }, connections: 32, seconds })
  const until = performance.now() + (seconds - 1) * 1000
  while (performance.now() < until) {
    underLoad.push(await reload())
    await pause(50)
  }
  const { requests, errors } = await load
  await navigator.stop()
  const row = (when: string, ms: readonly number[]) => ({
    when,
    reloads: String(ms.length),
    'median ms': medianOf(ms),
    'max ms': Math.max(...ms),
  })
  bench.report.add({
    name: 'reload',
    title: 'Reload of 1,000 tenants, nothing changed',
    rows: [
      { ...row('at rest', atRest), requests: undefined, failed: undefined },
      { ...row('under load, 32 connections', underLoad), requests: String(requests), failed: String(errors) },
    ],
    notes: ['Asked over the control socket; the reply comes when the new configuration is in force.'],
    peers: [{ ...describe(navigator), configuration: `${navigator.configuration.slice(0, 1_000)}…` }],
    details: { atRest, underLoad, requests, errors },
  })
}
