import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { type Bench, findFreePort, makeRoom, medianOf, quantileOf } from '../bench.ts'
import { startNavigator } from '../peers/navigator.ts'
import { originFile } from '../peers/origin.ts'
import { describe } from '../report.ts'
import { sendOne, untilAnswered } from '../request.ts'

/** What navigator adds to the boot of a sleeping app. */
export const measureColdStarts = async (bench: Bench): Promise<void> => {
  const starts = bench.settings.isQuick ? 5 : 20
  const tenants = Array.from({ length: starts + 1 }, (_, index) => `/t${index}/`)
  // The first tenant warms navigator itself up.
  const navigator = await startNavigator({ bench, tenants, warmPath: '/t0/1k' })
  const own: number[] = []
  const through: number[] = []
  for (const tenant of tenants.slice(1)) {
    own.push(await bootAlone(bench))
    const { status, tookMs } = await sendOne(navigator.port, `${tenant}1k`)
    if (status !== 200) throw new Error(`${tenant} answered its first request with ${status}`)
    through.push(tookMs)
  }
  await navigator.stop()
  const added = through.map((ms, index) => ms - own[index]!)
  const row = (what: string, values: readonly number[]) => ({
    first: what,
    'median ms': medianOf(values),
    'p90 ms': quantileOf(values, 0.9),
    'max ms': Math.max(...values),
  })
  bench.report.add({
    name: 'cold',
    title: `First answer of a sleeping app (${starts} times)`,
    rows: [row('the app by itself', own), row('the app through navigator', through), row('added by navigator', added)],
    notes: ['By itself: from its start until it answers, asked each millisecond. Both by turns; added is the difference within a pair.'],
    peers: [describe(navigator)],
    details: { own, through },
  })
}

const bootAlone = async (bench: Bench): Promise<number> => {
  const port = await findFreePort()
  const from = performance.now()
  const member = bench.crew.start({
    program: process.execPath,
    args: [originFile(bench)],
    directory: bench.directory,
    output: join(makeRoom(bench, 'cold'), 'output.log'),
    env: { PORT: String(port) },
  })
  await untilAnswered(port, '/1k', 30_000)
  const tookMs = performance.now() - from
  await member.stop()
  return tookMs
}
