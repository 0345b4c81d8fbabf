/** What happens when upstream connections connect, drain, end and close. */
import { enterAgain } from './admission.ts'
import { canRetry, send } from './relay.ts'
import { endRelay, failRelay, truncate } from './relay-end.ts'
import { readResponse } from './response.ts'
import { closeTunnel } from './tunnel.ts'
import type { UpstreamConnection, UpstreamListener, UpstreamPhase } from './upstream-connection.ts'

const closed = (upstream: UpstreamConnection, phase: UpstreamPhase): void => {
  const { client } = upstream
  if (client === undefined) return
  upstream.client = undefined
  client.upstream = undefined
  if (phase === 'tunnel') closeTunnel(client)
  else if (!upstream.isConnected && client.place !== undefined) enterAgain(client, client.place)
  else if (!upstream.isConnected) failRelay(client, 502, 'the upstream cannot be connected to')
  else if (!upstream.hasSpoken && client.sentText !== '' && canRetry(client)) {
    client.hasRetried = true
    send(client, client.lane.pool.connect(upstream.origin))
  } else if (client.isHeadSent) truncate(client, phase, 'the upstream closed the connection before its response was complete')
  else failRelay(client, 502, 'the upstream closed the connection before it answered')
}

/** For the upstream pool. */
export const upstreamListener: UpstreamListener = {
  read: readResponse,
  connected({ client }) {
    client?.expectWithin(client.bodyLeft > 0 ? client.timeouts.idle : client.timeouts.response)
  },
  drained({ client }) {
    client?.resume()
  },
  ended(upstream) {
    if (upstream.phase !== 'until close' || upstream.client === undefined) return
    upstream.keepsAlive = false
    endRelay(upstream, upstream.client)
  },
  closed,
}
