/** The head of the request that an upstream gets. */
import type { IncomingMessage } from 'node:http'
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import type { Exchange, HeaderList } from '../exchange.ts'
import { forwardedFor, forwardedHost, forwardedProto, nominated, passesOn } from '../forwarding.ts'

/** Fields by name in lower case. Without a prototype: a client may send one called `__proto__`. */
export type UpstreamHeaders = Record<string, string | string[]>

const SENDS_NO_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/** Fields for the upstream: the client's but for those that end here, ours, and `overrides` last. */
export const writeUpstreamHead = (
  request: IncomingMessage,
  exchange: Exchange,
  to: { readonly host: string; readonly overrides: HeaderList; readonly upgrade: boolean },
): UpstreamHeaders => {
  const fields: UpstreamHeaders = Object.create(null)
  fields['host'] = to.host
  copyFields(request, fields, exchange.routing.trusts(exchange.peer))
  addForwarding(exchange, fields)
  if (to.upgrade) Object.assign(fields, { connection: 'Upgrade', upgrade: 'websocket' })
  else addFraming(request, fields)
  for (const [name, value] of to.overrides) fields[name] = value
  return fields
}

const copyFields = (request: IncomingMessage, fields: UpstreamHeaders, trustProxy: boolean): void => {
  const { rawHeaders, headers } = request
  const ending = nominated(headers.connection)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (!passesOn(name, trustProxy) || ending.includes(name)) continue
    const value = rawHeaders[i + 1]!
    const before = fields[name]
    fields[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  }
}

const addForwarding = ({ peer, header, requestId, routing }: Exchange, fields: UpstreamHeaders): void => {
  const trustProxy = routing.trusts(peer)
  fields['x-forwarded-for'] = forwardedFor(peer, header('x-forwarded-for'), trustProxy)
  fields['x-forwarded-proto'] = forwardedProto(header('x-forwarded-proto'), trustProxy)
  fields['x-forwarded-host'] = forwardedHost(header('host') ?? '', header('x-forwarded-host'), trustProxy)
  fields['x-request-id'] = requestId
}

/** Always explicit: node:http would write a GET's chunked body without any framing, and a POST without a body as chunked. */
const addFraming = ({ headers, method }: IncomingMessage, fields: UpstreamHeaders): void => {
  const length = headers['content-length']
  if (headers['transfer-encoding'] !== undefined) fields['transfer-encoding'] = 'chunked'
  else if (length !== undefined) fields['content-length'] = length
  else if (!SENDS_NO_BODY.has(method ?? '')) fields['content-length'] = '0'
}

/** Fields that a tenant is to get with each request. */
export const headersOf = ({ headers = {} }: TenantRoute): HeaderList =>
  Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])

/** The client's trailer fields, but for those that must not stand in a trailer. */
export const upstreamTrailers = ({ rawTrailers }: IncomingMessage): [name: string, value: string][] => {
  const trailers: [string, string][] = []
  for (let i = 0; i < rawTrailers.length; i += 2) {
    const [name, value] = [rawTrailers[i]!, rawTrailers[i + 1]!]
    if (passesOn(name.toLowerCase(), false) && !/[^\t\x20-\x7e\x80-\xff]/.test(value)) trailers.push([name, value])
  }
  return trailers
}
