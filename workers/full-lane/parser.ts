/** node:http's server, used as a parser: connections are handed to it, it listens nowhere. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { TimeoutsConfig } from '../../src/config/config.ts'

/** Of requests and of responses. */
export const HEAD_LIMIT_BYTES = 64 * 1024
const CHECK_TIMEOUTS_MS = 1000

/** As strict as node:http can be. `mayUpgrade` says for each request with an Upgrade whether it is one. */
export const createParser = (mayUpgrade: (request: IncomingMessage) => boolean): Server => {
  const server = createServer({
    insecureHTTPParser: false,
    // Checked in `findFault`, which answers in the form the client reads.
    requireHostHeader: false,
    maxHeaderSize: HEAD_LIMIT_BYTES,
    connectionsCheckingInterval: CHECK_TIMEOUTS_MS,
    requestTimeout: 0,
    noDelay: true,
    shouldUpgradeCallback: mayUpgrade,
  })
  // By default fields beyond the 2,000th are dropped without a word.
  server.maxHeadersCount = 0
  // Starts the check of header timeouts, which node:http does only for servers that listen themselves.
  server.emit('listening')
  return server
}

/** They may have changed with a reload. */
export const applyTimeouts = (server: Server, timeouts: TimeoutsConfig): void => {
  server.headersTimeout = timeouts.header
  server.keepAliveTimeout = timeouts.keep_alive
  server.timeout = timeouts.idle
}
