/** The access log's line for a request of this lane. */
import { clientAddress } from '../forwarding.ts'
import type { ClientConnection } from './client-connection.ts'

/** Writes the line for the request the connection is at. */
export const logRequest = (client: ClientConnection): void => {
  const { exchange, tenant } = client
  client.lane.options.log.record({
    doneAt: Date.now(),
    clientIp: clientAddress(exchange.peer, exchange.forwardedFor, exchange.routing.trusts(exchange.peer)),
    remoteUser: exchange.user ?? '-',
    method: exchange.method,
    uri: exchange.rewrittenFrom ?? exchange.path + exchange.query,
    rewrittenUri: exchange.rewrittenFrom === undefined ? undefined : exchange.path + exchange.query,
    protocol: 'HTTP/1.1',
    status: client.status,
    bodyBytesSent: client.bytesSent,
    requestId: exchange.requestId,
    requestTimeMs: performance.now() - client.startedAt,
    referer: exchange.referer,
    userAgent: exchange.userAgent,
    flyRequestId: exchange.flyRequestId,
    tenant: tenant?.name,
    responseType: client.responseType,
    destination: client.destination,
    proxyBackend: tenant === undefined ? undefined : backendOf(tenant.name),
    filePath: client.filePath,
    errorMessage: client.errorMessage,
  })
}

let lastTenant = ''
let lastBackend = ''

/** Most requests are for the tenant of the one before. */
const backendOf = (tenant: string): string => {
  if (tenant !== lastTenant) {
    lastTenant = tenant
    lastBackend = `tenant:${tenant}`
  }
  return lastBackend
}
