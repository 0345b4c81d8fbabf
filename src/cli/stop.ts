import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { askRunning } from './instance.ts'
import { order } from './order.ts'

/** Longer than requests are drained and apps may take to stop, by any sensible configuration. */
const STOP_TIMEOUT_MS = 15 * 60_000

/** `navigator stop [file]`: returns when the instance has stopped everything it ran. `navigator stop NAME…` stops tenants only. */
export const stop = async (invocation: Invocation): Promise<number> => {
  if (invocation.names) return order(invocation)
  await askRunning('stop', invocation, STOP_TIMEOUT_MS)
  process.stdout.write('stopped\n')
  return EXIT.ok
}
