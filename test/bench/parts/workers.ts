import { type Bench, medianOf } from '../bench.ts'
import { ratioOf, runContest } from '../contest.ts'
import { isMeasured } from '../peers/lineup.ts'
import { startNavigator } from '../peers/navigator.ts'
import { startNginx } from '../peers/nginx.ts'
import { startOrigin } from '../peers/origin.ts'
import type { Peer } from '../peers/peer.ts'
import { describe } from '../report.ts'
import { small } from '../workloads.ts'

/** CPU per request with one and with two workers. */
export const measureWorkers = async (bench: Bench): Promise<void> => {
  const origin = await startOrigin(bench)
  const peers: Peer[] = []
  for (const workers of [1, 2]) {
    const title = `${workers} ${workers === 1 ? 'worker' : 'workers'}`
    if (isMeasured(bench, 'nginx')) {
      const nginx = await startNginx({ bench, originPort: origin.port, workers })
      peers.push({ ...nginx, name: `nginx, ${title}` })
    }
    if (isMeasured(bench, 'navigator')) peers.push(await startNavigator({ bench, workers, name: `navigator, ${title}` }))
  }
  const cell = await runContest(bench, { workload: small, connections: 256, entries: peers.map((peer) => ({ peer })) })
  await Promise.all([origin, ...peers].map((one) => one.stop()))
  const single = (name: string) => cell.find(({ peer }) => peer === `${name.split(',')[0]}, 1 worker`)
  bench.report.add({
    name: 'workers',
    title: '1 KB GET at 256 connections, one and two workers',
    rows: cell.map((one) => {
      const alone = single(one.peer)
      return {
        proxy: one.peer,
        'CPU µs': one.cpuMicros,
        'k instr': one.kiloInstructions,
        '× one worker': alone && ratioOf(one, alone),
        'req/s': one.perSecond,
        'req/s × one worker': alone && medianOf(one.rounds.map((round, index) => round.perSecond / alone.rounds[index]!.perSecond)),
        errors: String(one.errors),
      }
    }),
    notes: ['CPU per request should not grow with workers. req/s only grows where wrk and the app leave cores free.'],
    peers: peers.map(describe),
    details: cell,
  })
}
