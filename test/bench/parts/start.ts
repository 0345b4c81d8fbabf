import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Bench, findFreePort, makeRoom, medianOf } from '../bench.ts'
import { startHaproxy } from '../peers/haproxy.ts'
import { startHttpProxy3 } from '../peers/http-proxy-3.ts'
import { attempt, isMeasured } from '../peers/lineup.ts'
import { startNavigator } from '../peers/navigator.ts'
import { startNginx } from '../peers/nginx.ts'
import { startOrigin } from '../peers/origin.ts'
import { describe, type PeerDescription } from '../report.ts'
import { untilAnswered } from '../request.ts'

type Started = PeerDescription & { stop(): Promise<void> }
type Start = () => Promise<Started>
type Contestant = { readonly peer: PeerDescription; readonly start: Start; readonly tookMs: number[] }

/** From the start of a proxy to its first proxied answer, the app behind it running already. */
export const measureStart = async (bench: Bench): Promise<void> => {
  const origin = await startOrigin(bench)
  const contestants = await findContestants(bench, startsOf(bench, origin.port))
  for (let round = 0; round < Math.max(bench.settings.rounds, 5); round++) {
    for (const { start, tookMs } of contestants) {
      const from = performance.now()
      const started = await start()
      tookMs.push(performance.now() - from)
      await started.stop()
    }
  }
  await origin.stop()
  bench.report.add({
    name: 'start',
    title: 'From the start of the program to its first proxied answer',
    rows: contestants.map(({ peer, tookMs }) => ({
      program: peer.name,
      'median ms': medianOf(tookMs),
      'min ms': Math.min(...tookMs),
      'max ms': Math.max(...tookMs),
    })),
    notes: ['Asked each millisecond. bare node: a net server of one line, what any program on Node takes at least.'],
    peers: contestants.map(({ peer }) => peer),
    details: Object.fromEntries(contestants.map(({ peer, tookMs }) => [peer.name, tookMs])),
  })
}

const startsOf = (bench: Bench, originPort: number): ReadonlyMap<string, Start> =>
  new Map<string, Start>([
    ['bare node', () => startBareNode(bench)],
    ['nginx', () => startNginx({ bench, originPort })],
    ['haproxy', () => startHaproxy({ bench, originPort })],
    ['http-proxy-3', () => startHttpProxy3({ bench, originPort })],
    ['navigator', () => startNavigator({ bench, originPort })],
  ])

/** Starts each once, which reads the disk and is not counted. */
const findContestants = async (bench: Bench, starts: ReadonlyMap<string, Start>): Promise<readonly Contestant[]> => {
  const found: Contestant[] = []
  for (const [name, start] of starts) {
    if (name !== 'bare node' && !isMeasured(bench, name)) continue
    const first = await attempt(bench, name, start)
    if (first === undefined) continue
    await first.stop()
    found.push({ peer: describe(first), start, tookMs: [] })
  }
  return found
}

const startBareNode = async (bench: Bench): Promise<Started> => {
  const port = await findFreePort()
  const program = `require('net').createServer((c) => c.on('data', () => c.end('HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'))).listen(${port}, '127.0.0.1')`
  const output = join(makeRoom(bench, 'bare-node'), 'output.log')
  const member = bench.crew.start({ program: process.execPath, args: ['-e', program], directory: bench.directory, output })
  await untilAnswered(port, '/', 10_000)
  return { ...member, name: 'bare node', configuration: program }
}
