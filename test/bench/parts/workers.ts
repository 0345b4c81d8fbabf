import { type Bench, medianOf } from '../bench.ts'
import { ratioOf, runContest, type Standing } from '../contest.ts'
import { attempt, isMeasured } from '../peers/lineup.ts'
import { startNavigator } from '../peers/navigator.ts'
import { startNginx } from '../peers/nginx.ts'
import { startOrigin } from '../peers/origin.ts'
import type { Peer } from '../peers/peer.ts'
import { describe, type Row } from '../report.ts'
import { small } from '../workloads.ts'

/** CPU per request with one and with two workers. */
export const measureWorkers = async (bench: Bench): Promise<void> => {
  const origin = await startOrigin(bench)
  const peers = [...(await startPair(bench, origin.port, 1)), ...(await startPair(bench, origin.port, 2))]
  const cell = await runContest(bench, { workload: small, connections: 256, entries: peers.map((peer) => ({ peer })) })
  await Promise.all([origin, ...peers].map((one) => one.stop()))
  bench.report.add({
    name: 'workers',
    title: '1 KB GET at 256 connections, one and two workers',
    rows: cell.map((one) =>
      rowOf(
        one,
        cell.find(({ peer }) => peer === `${one.peer.split(',')[0]}, 1 worker`),
      ),
    ),
    notes: ['CPU per request should not grow with workers. req/s only grows where wrk and the app leave cores free.'],
    peers: peers.map(describe),
    details: cell,
  })
}

const startPair = async (bench: Bench, originPort: number, workers: number): Promise<readonly Peer[]> => {
  const suffix = workers === 1 ? '1 worker' : `${workers} workers`
  const peers: Peer[] = []
  if (isMeasured(bench, 'nginx')) peers.push({ ...(await startNginx({ bench, originPort, workers })), name: `nginx, ${suffix}` })
  if (isMeasured(bench, 'navigator')) {
    const navigator = await attempt(bench, `navigator, ${suffix}`, () => startNavigator({ bench, workers, name: `navigator, ${suffix}` }))
    if (navigator !== undefined) peers.push(navigator)
  }
  return peers
}

const rowOf = (one: Standing, alone: Standing | undefined): Row => ({
  proxy: one.peer,
  'CPU µs': one.cpuMicros,
  'k instr': one.kiloInstructions,
  '× one worker': alone && ratioOf(one, alone),
  'req/s': one.perSecond,
  'req/s × one worker': alone && medianOf(one.rounds.map((round, index) => round.perSecond / alone.rounds[index]!.perSecond)),
  errors: String(one.errors),
})
