/**
 * Loaded into a process with `--import`: measures the delay of its main thread's event loop. SIGUSR2 writes what was seen since
 * the last one to `$BENCH_PROBE_DIRECTORY/<pid>.json` and starts anew. Run by itself it is an idle process to compare with.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const directory = process.env['BENCH_PROBE_DIRECTORY']
// Tenants inherit the environment: they are not what is measured.
if (isMainThread && directory !== undefined && !process.argv[1]?.endsWith('origin.ts')) {
  const histogram = monitorEventLoopDelay({ resolution: 2 })
  histogram.enable()
  process.on('SIGUSR2', () => {
    const ms = (share: number) => histogram.percentile(share) / 1e6
    const file = join(directory, `${process.pid}.json`)
    writeFileSync(`${file}.part`, JSON.stringify({ p50Ms: ms(50), p99Ms: ms(99), maxMs: histogram.max / 1e6, samples: histogram.count }))
    renameSync(`${file}.part`, file)
    histogram.reset()
  })
  if (process.argv[1] === import.meta.filename) setInterval(() => {}, 2 ** 30)
}
