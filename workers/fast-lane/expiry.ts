/** What becomes of a connection that has run out of time. */
import { plainAnswer } from './answer.ts'
import type { ClientConnection } from './client-connection.ts'
import { failRelay } from './relay-end.ts'

/** Ends what takes too long. */
export const expire = (client: ClientConnection): void => {
  if (client.phase === 'head') expireHead(client)
  else if (client.phase === 'relaying') expireRelay(client)
  else client.socket.destroy()
}

/** Nothing is said to a client that has sent nothing. */
const expireHead = (client: ClientConnection): void => {
  if (client.early === undefined) client.endSocket()
  else {
    client.socket.write(plainAnswer(408), 'latin1')
    client.endSocket()
  }
}

const expireRelay = (client: ClientConnection): void => {
  const { upstream } = client
  if (client.isHeadSent || upstream === undefined) client.socket.destroy()
  else if (!upstream.isConnected) failRelay(client, 504, 'the upstream could not be connected to in time')
  else if (client.bodyLeft > 0) client.socket.destroy()
  else failRelay(client, 504, 'the upstream did not answer in time')
}
