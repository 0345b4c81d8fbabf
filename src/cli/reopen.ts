import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { askRunning } from './instance.ts'

const REOPEN_TIMEOUT_MS = 10_000

/** `navigator reopen [file]`: the instance opens its log files anew, as after SIGUSR1. */
export const reopen = async (invocation: Invocation): Promise<number> => {
  await askRunning('reopen', invocation, REOPEN_TIMEOUT_MS)
  return EXIT.ok
}
