import { askInstance } from '../inspect/control-socket.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { runningSocket } from './instance.ts'

const ORDER_TIMEOUT_MS = 10_000

/** `navigator start|stop|restart NAME…`: gives the order and says to whom; `navigator ps` shows what comes of it. */
export const order = async (invocation: Invocation): Promise<number> => {
  const { command: verb, names = [] } = invocation
  const ordered = await askInstance(runningSocket(invocation), { command: 'order', verb, names }, { timeoutMs: ORDER_TIMEOUT_MS })
  process.stdout.write(`${verb}: ${(ordered as readonly string[]).join(', ')}\n`)
  return EXIT.ok
}
