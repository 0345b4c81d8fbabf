import type { ClientConnection } from './client-connection.ts'

/** Keeps a request back while the machine may not be used. Nothing has been taken of it: after that it is read anew. */
export const holdBack = (client: ClientConnection): false => {
  client.phase = 'held'
  // How long it may take is for the supervisor to say.
  client.deadline = Number.POSITIVE_INFINITY
  client.gone = new AbortController()
  client.lane.options.host.hold(() => {
    client.phase = 'head'
    client.expectWithin(client.timeouts.header)
    client.advance()
  }, client.gone.signal)
  return false
}
