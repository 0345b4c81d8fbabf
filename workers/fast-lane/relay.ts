/** Carries a request to an upstream: its head, its body with backpressure, a second try where that is safe. */
import type { Place } from '../routing-table.ts'
import type { ClientConnection } from './client-connection.ts'
import { buildTenantHead } from './head-rewrite.ts'
import type { Origin, UpstreamConnection } from './upstream-connection.ts'

/** A request that could not be sent twice goes only on a connection used this recently, which is not yet stale. */
const FRESH_TICKS = 1

/** Sends the request of the client's exchange into `place`. */
export const startRelay = (client: ClientConnection, place: Place): void => {
  client.place = place
  const origin: Origin = { key: place.slot, ticket: place.ticket, host: '127.0.0.1', port: place.port }
  // A second try sends what the first did: of the body, the first part is no longer here.
  relayTo(client, origin, client.sentText === '' ? buildTenantHead(client.exchange) : '')
}

/** Sends the request with this head; '' for what was sent before. */
export const relayTo = (client: ClientConnection, origin: Origin, head: string): void => {
  client.phase = 'relaying'
  client.responseType = 'proxy'
  if (head !== '') client.sentText = head + takeEarlyBody(client)
  const { pool } = client.lane
  const isTunnel = client.exchange.upgrade === 'websocket'
  send(client, isTunnel ? pool.connect(origin) : pool.take(origin, canRetry(client) ? Number.POSITIVE_INFINITY : FRESH_TICKS))
}

/** What has come of the body already, as latin1. */
const takeEarlyBody = (client: ClientConnection): string => {
  const { early } = client
  if (early === undefined || client.bodyLeft === 0) return ''
  const taken = Math.min(early.length, client.bodyLeft)
  client.bodyLeft -= taken
  client.early = taken === early.length ? undefined : early.subarray(taken)
  return early.toString('latin1', 0, taken)
}

/** Sends what there is of the request on this connection. */
export const send = (client: ClientConnection, upstream: UpstreamConnection): void => {
  client.upstream = upstream
  upstream.client = client
  upstream.phase = 'head'
  upstream.keepsAlive = true
  upstream.hasSpoken = false
  const isFlushed = upstream.socket.write(client.sentText, 'latin1')
  const { connect, idle, response } = client.timeouts
  client.expectWithin(upstream.isConnected ? (client.bodyLeft === 0 ? response : idle) : connect)
  if (client.bodyLeft === 0) return
  if (isFlushed) client.resume()
  else client.pause()
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])

/**
 * Whether the request may be sent once more on another connection: RFC 9110 §9.2.2; and nothing of the body may have been sent that is no longer here.
 */
export const canRetry = (client: ClientConnection): boolean =>
  IDEMPOTENT.has(client.exchange.method) && client.bodyLeft === 0 && !client.hasRetried

/** Passes on octets of the request body; what comes behind them is kept for its turn. */
export const sendBody = (client: ClientConnection, chunk: Buffer): void => {
  const upstream = client.upstream!
  const taken = Math.min(client.bodyLeft, chunk.length)
  client.bodyLeft -= taken
  if (taken > 0) {
    client.sentText = ''
    const isFlushed = upstream.socket.write(taken === chunk.length ? chunk : chunk.subarray(0, taken))
    if (client.bodyLeft > 0 && !isFlushed) client.pause()
    client.expectWithin(client.bodyLeft > 0 || client.isHeadSent ? client.timeouts.idle : client.timeouts.response)
  }
  if (taken < chunk.length) client.keepEarly(taken === 0 ? chunk : chunk.subarray(taken))
}
