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

/** From the start of a proxy to its first proxied answer, the app behind it running already. */
export const measureStart = async (bench: Bench): Promise<void> => {
  const origin = await startOrigin(bench)
  const task = { bench, originPort: origin.port }
  const starts: ReadonlyMap<string, () => Promise<Started>> = new Map([
    ['bare node', () => startBareNode(bench)],
    ['nginx', () => startNginx(task)],
    ['haproxy', () => startHaproxy(task)],
    ['http-proxy-3', () => startHttpProxy3(task)],
    ['navigator', () => startNavigator(task)],
  ])
  const wanted: [string, () => Promise<Started>][] = []
  const peers: PeerDescription[] = []
  for (const [name, start] of starts) {
    if (name !== 'bare node' && !isMeasured(bench, name)) continue
    // The first start reads the disk and is not counted.
    const first = await attempt(bench, name, start)
    if (first === undefined) continue
    await first.stop()
    wanted.push([name, start])
    peers.push(describe(first))
  }
  const times = new Map<string, number[]>(wanted.map(([name]) => [name, []]))
  for (let round = 0; round < Math.max(bench.settings.rounds, 5); round++) {
    for (const [name, start] of wanted) {
      const from = performance.now()
      const peer = await start()
      times.get(name)!.push(performance.now() - from)
      await peer.stop()
    }
  }
  await origin.stop()
  bench.report.add({
    name: 'start',
    title: 'From the start of the program to its first proxied answer',
    rows: [...times].map(([name, ms]) => ({
      program: name,
      'median ms': medianOf(ms),
      'min ms': Math.min(...ms),
      'max ms': Math.max(...ms),
    })),
    notes: ['Asked each millisecond. bare node: a net server of one file, what any program on Node takes at least.'],
    peers,
    details: Object.fromEntries(times),
  })
}

const startBareNode = async (bench: Bench): Promise<Started> => {
  const port = await findFreePort()
  const program = `require('net').createServer((c) => c.on('data', () => c.end('HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'))).listen(${port}, '127.0.0.1')`
  const output = join(makeRoom(bench, 'bare-node'), 'output.log')
  const member = bench.crew.start({ program: process.execPath, args: ['-e', program], directory: bench.directory, output })
  await untilAnswered(port, '/', 10_000)
  return { ...member, name: 'bare node', configuration: program }
}
