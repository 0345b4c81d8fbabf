/** The two ends of a relay: a complete response, or a failure before one has begun. */
import { errorAnswer } from '../responses.ts'
import { answer } from './answer.ts'
import type { ClientConnection } from './client-connection.ts'
import type { UpstreamConnection, UpstreamPhase } from './upstream-connection.ts'

/** The response is complete: keeps the upstream connection if it can serve again, and ends the request. */
export const endRelay = (upstream: UpstreamConnection, client: ClientConnection): void => {
  const { lane } = client
  upstream.client = undefined
  upstream.isPaused = false
  client.upstream = undefined
  const canServeAgain = upstream.keepsAlive && client.bodyLeft === 0 && upstream.socket.writableLength === 0
  if (canServeAgain && !lane.isDraining) {
    upstream.window.settle(client.bytesSent)
    lane.pool.keep(upstream)
  } else upstream.abandon()
  if (client.bodyLeft > 0) client.close = true
  client.requestDone()
}

/** Gives the upstream connection up and answers with an error. */
export const failRelay = (client: ClientConnection, status: number, cause: string): void => {
  client.upstream?.abandon()
  client.upstream = undefined
  answer(client, errorAnswer(client.exchange, status, { errorMessage: cause }))
}

/**
 * Ends a response that has begun and cannot be completed. Where its end is that of the connection, that must not be orderly: it
 * would be taken for the whole.
 */
export const truncate = (client: ClientConnection, phase: UpstreamPhase, cause: string): void => {
  client.upstream?.abandon()
  client.upstream = undefined
  client.errorMessage = cause
  client.responseType = 'error'
  if (phase === 'until close') client.socket.resetAndDestroy()
  else client.socket.destroySoon()
}
