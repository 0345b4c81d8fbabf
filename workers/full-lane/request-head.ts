/** Checks on a request head that llhttp let through, and the view of it that the pipeline decides by. */
import type { IncomingMessage } from 'node:http'
import type { Exchange } from '../exchange.ts'
import { requestIdOf } from '../forwarding.ts'
import type { RoutingTable } from '../routing-table.ts'

/** Why a request is answered with an error and its connection closed. */
export type Fault = { readonly status: number; readonly reason: string }

/** A request target taken apart. `authority` is set for the absolute form, and then is the host. */
export type Target = { readonly path: string; readonly query: string; readonly authority: string | undefined }

// Methods of RTSP, ICE and HTTP/2 that llhttp knows. What it does not know never comes here.
const FOREIGN_METHODS = new Set(
  'ANNOUNCE CONNECT DESCRIBE FLUSH GET_PARAMETER PAUSE PLAY PRI RECORD REDIRECT SETUP SET_PARAMETER SOURCE TEARDOWN TRACE'.split(' '),
)
const HOST = /^(?:[\w.~%-]*|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i
const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/
const ABSOLUTE_FORM = /^https?:\/\/([^/?#@]+)([^#]*)$/i

/** What a proxy must not pass on, though node:http accepts it: two readers of it could see two different requests. */
export const findFault = (request: IncomingMessage): Fault | undefined => {
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0')
    return { status: 505, reason: 'Only HTTP/1.1 and 1.0 are spoken here' }
  if (FOREIGN_METHODS.has(request.method ?? '')) return { status: 501, reason: `${request.method} is not supported` }
  if (!/^(?:100-continue)?$/i.test(request.headers.expect ?? '')) return { status: 417, reason: 'Only 100-continue can be expected' }
  return findFieldFault(request) ?? findFramingFault(request)
}

const findFieldFault = ({ rawHeaders, httpVersion }: IncomingMessage): Fault | undefined => {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1]!
    if (UNPRINTABLE.test(value)) return badRequest('A field holds a control character')
    if (rawHeaders[i]!.toLowerCase() !== 'host') continue
    hosts += 1
    if (hosts > 1) return badRequest('More than one Host')
    if (!HOST.test(value)) return badRequest('The Host is malformed')
  }
  return hosts === 0 && httpVersion === '1.1' ? badRequest('No Host') : undefined
}

const findFramingFault = (request: IncomingMessage): Fault | undefined => {
  const { headers, httpVersion, headersDistinct } = request
  const coding = headers['transfer-encoding']
  const lengths = headersDistinct['content-length'] ?? []
  if (lengths.length > 1 || lengths.some((length) => !/^\d{1,15}$/.test(length))) return badRequest('The Content-Length is malformed')
  if (isWebSocketUpgrade(request) && hasBody(request)) return badRequest('An upgrade cannot have a body')
  if (coding === undefined) return undefined
  if (lengths.length > 0) return badRequest('Both Transfer-Encoding and Content-Length')
  if (httpVersion === '1.0') return badRequest('Transfer-Encoding in HTTP/1.0')
  return coding.toLowerCase() === 'chunked' ? undefined : { status: 501, reason: 'This Transfer-Encoding is not supported' }
}

const badRequest = (reason: string): Fault => ({ status: 400, reason })

/** The target of a request for a resource here; undefined for any other, and for one that holds characters no URL may hold. */
export const readTarget = (url: string | undefined): Target | undefined => {
  if (url === undefined || !/^[\x21-\x22\x24-\x7e\x80-\xff]+$/.test(url)) return undefined
  if (url.startsWith('/')) return split(url, undefined)
  const parts = ABSOLUTE_FORM.exec(url)
  if (parts === null || !HOST.test(parts[1]!)) return undefined
  return split(parts[2]!.startsWith('/') ? parts[2]! : `/${parts[2]}`, parts[1])
}

const split = (url: string, authority: string | undefined): Target => {
  const queryAt = url.indexOf('?')
  if (queryAt === -1) return { path: url, query: '', authority }
  return { path: url.slice(0, queryAt), query: url.slice(queryAt), authority }
}

/** Whether a request asks for a WebSocket in a way that can be granted. */
export const isWebSocketUpgrade = ({ method, httpVersion, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  httpVersion === '1.1' &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.connection ?? '')

/** The pipeline's view of a request. */
export const readExchange = (
  request: IncomingMessage,
  from: { readonly target: Target; readonly peer: string; readonly routing: RoutingTable },
): Exchange => {
  const { headers } = request
  const { authority } = from.target
  const header = (name: string): string | undefined => {
    if (name === 'host' && authority !== undefined) return authority
    // node:http drops all but the first line, yet the upstream gets them all.
    const value = name === 'authorization' ? request.headersDistinct[name] : headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const upgrade = headers.upgrade === undefined ? 'none' : isWebSocketUpgrade(request) ? 'websocket' : 'other'
  return {
    method: request.method ?? '',
    path: from.target.path,
    query: from.target.query,
    header,
    peer: from.peer,
    upgrade,
    requestId: requestIdOf(header('x-request-id')),
    routing: from.routing,
  }
}

/** Whether a body comes with the request. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
