import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { askRunning } from './instance.ts'

const METRICS_TIMEOUT_MS = 10_000

/** `navigator metrics [file]`: what the instance counts, as Prometheus reads it. */
export const metrics = async (invocation: Invocation): Promise<number> => {
  process.stdout.write(String(await askRunning('metrics', invocation, METRICS_TIMEOUT_MS)))
  return EXIT.ok
}
