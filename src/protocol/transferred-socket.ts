import type { BoundSocket, Server } from 'node:net'

/**
 * Listens where a socket that came from the supervisor is bound. Worker thread.
 *
 * On Linux not on that socket itself but on one of this thread's own: Node 26.10 loses the close-on-exec flag when it
 * transfers a bound socket, so every app started from then on would inherit it, and once this thread has died, connections
 * would go to a listening socket that nobody serves. Elsewhere children inherit nothing that is not given to them.
 */
export const listenOnTransferred = (server: Server, bound: BoundSocket): void => {
  if (process.platform !== 'linux') {
    server.listen(bound)
    return
  }
  const { address, port } = bound.address()
  bound.close()
  server.listen({ host: address, port, reusePort: true })
}
