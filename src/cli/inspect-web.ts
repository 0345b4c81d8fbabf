import { serveWeb } from '../inspect/web/server.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'

/** `navigator inspect --web [--port N] [--allow-control]`: serves the page until it is interrupted. */
export const inspectWeb = async (socket: string, { port = 0, allowControl }: Invocation): Promise<number> => {
  using view = await serveWeb(socket, { port, allowControl: allowControl === true })
  process.stdout.write(`${view.url}\n`)
  const { promise: interrupted, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  await Promise.race([interrupted, view.ended])
  return EXIT.ok
}
