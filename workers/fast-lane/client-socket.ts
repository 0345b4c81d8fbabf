/** The listeners on a client's socket: set once per connection, shared by all, none per request. */
import type { Socket } from 'node:net'
import type { ClientConnection } from './client-connection.ts'
import { sendBody } from './relay.ts'
import { leaveTunnel, sendTunnel } from './tunnel.ts'

type ClientSocket = Socket & { client: ClientConnection }

/** Begins to read. */
export const attach = (socket: Socket, client: ClientConnection): void => {
  const owned = socket as ClientSocket
  owned.client = client
  // A client that has said its last word in the middle of a request is taken to have gone.
  socket.allowHalfOpen = false
  socket.on('error', onError).on('close', onClose).on('drain', onDrain).on('data', onData)
}

/** Leaves the socket paused, without listeners of this lane, and as an HTTP server expects it. */
export const detach = (socket: Socket): void => {
  socket.pause()
  socket.off('error', onError).off('close', onClose).off('drain', onDrain).off('data', onData)
  socket.allowHalfOpen = true
}

function onData(this: Socket, chunk: Buffer): void {
  const { client } = this as ClientSocket
  const { phase } = client
  if (phase === 'closing' || client.socket.destroyed) return
  if (phase === 'relaying' && client.upstream !== undefined) sendBody(client, chunk)
  else if (phase === 'tunnel') sendTunnel(client, chunk)
  else {
    client.keepEarly(chunk)
    if (phase === 'head') client.advance()
  }
}

function onDrain(this: Socket): void {
  const { client } = this as ClientSocket
  const { upstream } = client
  if (client.phase === 'relaying') client.expectWithin(client.timeouts.idle)
  if (upstream?.isPaused) {
    upstream.isPaused = false
    upstream.window.drained()
    upstream.socket.resume()
  }
  client.resume()
  client.advance()
}

/** `close` follows. */
function onError(): void {}

/** Whatever is under way for the client is given up at once. */
function onClose(this: Socket): void {
  const { client } = this as ClientSocket
  const { phase, upstream } = client
  client.phase = 'closed'
  client.lane.connections.delete(client)
  client.gone?.abort()
  client.upstream = undefined
  if (phase === 'tunnel') {
    if (upstream !== undefined) leaveTunnel(upstream)
    client.endRequest()
    return
  }
  upstream?.abandon()
  if (phase !== 'relaying' && phase !== 'waiting') return
  if (client.errorMessage === undefined) {
    client.status = 499
    client.responseType = 'client_closed'
  }
  client.endRequest()
}
