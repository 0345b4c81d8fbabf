import type { Bench } from '../bench.ts'
import { checkAnswer, type Entry, ratioOf, runContest, type Standing } from '../contest.ts'
import { attempt, startLineup } from '../peers/lineup.ts'
import type { Peer } from '../peers/peer.ts'
import { describe, type Row } from '../report.ts'
import { proxied, small, type Workload } from '../workloads.ts'

/** CPU per proxied request, for every kind of request and number of connections. */
export const measureProxying = async (bench: Bench): Promise<void> => {
  const lineup = await startLineup(bench)
  const standings: Standing[] = []
  const rows: Row[] = []
  for (const workload of proxied) {
    const entries = await findHonest(bench, lineup.peers, workload)
    for (const connections of connectionsFor(bench, workload)) {
      const cell = await runContest(bench, { workload, connections, entries })
      standings.push(...cell)
      rows.push(...rowsOf(workload, cell))
      bench.report.say(
        `  ${workload.title}, ${connections} connections: ${cell.map((one) => `${one.peer} ${one.cpuMicros.toFixed(1)}`).join(', ')} µs`,
      )
    }
  }
  await lineup.stop()
  bench.report.add({
    name: 'proxy',
    title: 'CPU per proxied request (one thread or worker each)',
    rows,
    notes: proxyNotes,
    peers: lineup.peers.map(describe),
    details: standings,
  })
}

/** Those that give the answer the workload is about; the others are reported. */
export const findHonest = async (bench: Bench, peers: readonly Peer[], workload: Workload): Promise<readonly Entry[]> => {
  const entries: Entry[] = []
  for (const peer of peers) {
    const isHonest = await attempt(bench, `${peer.name}, ${workload.title}`, async () => {
      await checkAnswer({ peer }, workload)
      return true
    })
    if (isHonest) entries.push({ peer })
  }
  return entries
}

/** One line per proxy of a cell, with its ratio to nginx and http-proxy-3. */
export const rowsOf = (workload: Workload, cell: readonly Standing[]): readonly Row[] => {
  const yardstick = cell.find(({ peer }) => peer === (workload.answerBytes >= 100 * 1024 ? 'nginx tuned' : 'nginx'))
  const library = cell.find(({ peer }) => peer === 'http-proxy-3')
  return cell.map((one) => ({
    request: workload.title,
    conns: String(one.connections),
    proxy: one.peer,
    'CPU µs': one.cpuMicros,
    'k instr': one.kiloInstructions,
    '× nginx': yardstick && ratioOf(one, yardstick),
    '× http-proxy-3': library && ratioOf(one, library),
    'req/s': one.perSecond,
    'p50 µs': one.p50Micros || undefined,
    'p99 µs': one.p99Micros || undefined,
    errors: String(one.errors),
  }))
}

/** How the columns of {@link rowsOf} are to be read. */
export const proxyNotes: readonly string[] = [
  'CPU: utime + stime of all the processes of the proxy; the app behind it and wrk are not in it. Medians of alternated rounds.',
  '× is the median over the rounds of the ratio of instructions where they are counted, else of CPU time; bodies of 100 KB and more are compared with the tuned nginx.',
  'No p50: no answer was whole within a round; answers of 10 MB are counted by their bytes.',
  'wrk, the app and the proxy share the machine: req/s says little beyond "it kept up".',
]

const connectionsFor = ({ settings }: Bench, workload: Workload): readonly number[] =>
  settings.isQuick && workload !== small ? [32] : [1, 32, 256]
