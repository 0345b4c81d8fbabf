import { once } from 'node:events'
import type { Server } from 'node:http'
import { NavigatorError } from '../errors.ts'

/** The listener of `server.metrics`: `GET /metrics` and nothing else. */
export type MetricsListener = { readonly port: number; close(): void }

/**
 * @param render the text to answer with.
 * @throws NAV_LISTEN_FAILED when the address is taken.
 */
export const openMetricsListener = async (
  listen: { host: string; port: number },
  render: () => Promise<string>,
): Promise<MetricsListener> => {
  // node:http takes memory: only who asks for the listener pays.
  const { createServer } = process.getBuiltinModule('node:http')
  const server: Server = createServer(async ({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') return void response.writeHead(404).end()
    try {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(await render())
    } catch {
      response.writeHead(503).end()
    }
  })
  try {
    server.listen(listen)
    await once(server, 'listening')
  } catch (cause) {
    throw new NavigatorError(
      'NAV_LISTEN_FAILED',
      `server.metrics cannot listen on ${listen.host}:${listen.port}: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : listen.port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
