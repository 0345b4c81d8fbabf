/** WebSocket: after a 101 both sides' octets are passed on unread, until either side ends. */
import { forwardText } from './buffers.ts'
import type { ClientConnection } from './client-connection.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** The upstream has agreed, with the head at the start of `bytes`. Gives false when no more may be read for now. */
export const openTunnel = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  countSocket(client)
  client.presence.becomeSocket()
  upstream.phase = 'tunnel'
  upstream.keepsAlive = false
  client.phase = 'tunnel'
  client.status = 101
  client.responseType = 'websocket'
  client.isHeadSent = true
  client.sentText = ''
  client.deadline = Number.POSITIVE_INFINITY
  const { early } = client
  client.early = undefined
  client.resume()
  if (early !== undefined) sendTunnel(client, early)
  return forwardTunnel(upstream, client, bytes, count)
}

/** An open socket keeps the tenant awake only where its configuration says so; its place in flight it gives up in any case. */
const countSocket = (client: ClientConnection): void => {
  const slot = client.place!.slot
  if (client.tenant!.track_websockets) {
    client.lane.options.turnstile.socketOpened(slot)
    client.socketSlot = slot
  }
  client.leave()
}

/** Octets from the upstream to the client. */
export const forwardTunnel = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  const isFlushed = forwardText(client.socket, bytes, 0, count)
  client.bytesSent += count
  upstream.isPaused = !isFlushed
  return isFlushed
}

/** Octets from the client to the upstream. */
export const sendTunnel = (client: ClientConnection, chunk: Buffer): void => {
  if (!client.upstream!.socket.write(chunk)) client.pause()
}

/** The upstream's side is gone: what it said last still reaches the client. */
export const closeTunnel = (client: ClientConnection): void => {
  client.endRequest()
  client.endSocket()
}

/** The client's side is gone: what it said last still reaches the upstream. */
export const leaveTunnel = (upstream: UpstreamConnection): void => {
  upstream.client = undefined
  upstream.phase = 'dead'
  upstream.socket.destroySoon()
}
