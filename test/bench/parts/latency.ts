import { type Bench, medianOf } from '../bench.ts'
import { runContest, type Standing } from '../contest.ts'
import { startLineup } from '../peers/lineup.ts'
import { startOrigin } from '../peers/origin.ts'
import type { Peer } from '../peers/peer.ts'
import { describe } from '../report.ts'
import { small } from '../workloads.ts'

/** Time added to an answer at one connection. */
export const measureLatency = async (bench: Bench): Promise<void> => {
  const lineup = await startLineup(bench)
  const origin = await startOrigin(bench)
  const direct: Peer = { ...origin, name: 'direct', configuration: 'no proxy', pids: () => [origin.pid] }
  const entries = [direct, ...lineup.peers].map((peer) => ({ peer }))
  const standings = await runContest(bench, { workload: small, connections: 1, entries })
  await Promise.all([lineup.stop(), origin.stop()])
  const [base, ...others] = standings
  const added = (one: Standing, pick: 'p50Micros' | 'p99Micros') =>
    base && medianOf(one.rounds.map((round, index) => round[pick] - base.rounds[index]![pick]))
  bench.report.add({
    name: 'latency',
    title: 'Latency of a 1 KB GET at one connection, back to back',
    rows: standings.map((one) => ({
      proxy: one.peer,
      'p50 µs': one.p50Micros,
      'p99 µs': one.p99Micros,
      'added p50 µs': others.includes(one) ? added(one, 'p50Micros') : undefined,
      'added p99 µs': others.includes(one) ? added(one, 'p99Micros') : undefined,
      errors: String(one.errors),
    })),
    notes: ['added: the median over the rounds of the difference to the same app asked directly in the same round.'],
    peers: lineup.peers.map(describe),
    details: standings,
  })
}
