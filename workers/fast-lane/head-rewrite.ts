/** Heads as they are passed on: without what ends at this hop, with what navigator says itself. */
import type { UpstreamTarget } from '../exchange.ts'
import { forwardedFor, forwardedHost, forwardedProto } from '../forwarding.ts'
import type { Cuts } from './field-line.ts'
import type { HeadExchange } from './head-exchange.ts'
import type { Method } from './request-head.ts'

/** The head for a tenant: fields in the client's order, then navigator's own. */
export const buildTenantHead = (exchange: HeadExchange): string => {
  const trustProxy = isProxyTrusted(exchange)
  const upgrade = exchange.upgrade === 'websocket' ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : ''
  return (
    `${exchange.method} ${exchange.path}${exchange.query} HTTP/1.1\r\n${joinKept(exchange)}${upgrade}${missingLength(exchange)}` +
    `X-Forwarded-For: ${forwardedFor(exchange.peer, exchange.forwardedFor, trustProxy)}\r\n` +
    `X-Forwarded-Proto: ${forwardedProto(exchange.forwardedProto, trustProxy)}\r\n` +
    `X-Forwarded-Host: ${forwardedHost(exchange.host, exchange.forwardedHost, trustProxy)}\r\n` +
    `X-Request-Id: ${exchange.requestId}\r\n\r\n`
  )
}

/** The head for a reverse proxy's target: navigator's fields and those of the rule, then the client's that neither sets. */
export const buildTargetHead = (exchange: HeadExchange, target: UpstreamTarget): string => {
  const trustProxy = isProxyTrusted(exchange)
  const ours = new Map([
    ['host', target.host],
    ['x-forwarded-for', forwardedFor(exchange.peer, exchange.forwardedFor, trustProxy)],
    ['x-forwarded-proto', forwardedProto(exchange.forwardedProto, trustProxy)],
    ['x-forwarded-host', forwardedHost(exchange.host, exchange.forwardedHost, trustProxy)],
    ['x-request-id', exchange.requestId],
    ...target.headers,
  ])
  let head = `${exchange.method} ${target.path} HTTP/1.1\r\n`
  for (const [name, value] of ours) head += `${name}: ${value}\r\n`
  for (const line of joinKept(exchange).split('\r\n')) {
    if (line !== '' && !ours.has(line.slice(0, line.indexOf(':')).toLowerCase())) head += `${line}\r\n`
  }
  return `${head}${missingLength(exchange)}\r\n`
}

const isProxyTrusted = (exchange: HeadExchange): boolean => exchange.routing.trusts(exchange.peer)

/** Methods whose request says nothing of a length when it has no body. */
const SENDS_NO_BODY: Readonly<Record<Method, boolean>> = {
  GET: true,
  HEAD: true,
  DELETE: true,
  OPTIONS: true,
  POST: false,
  PUT: false,
  PATCH: false,
}

const missingLength = ({ hasLength, method }: HeadExchange): string => (hasLength || SENDS_NO_BODY[method] ? '' : 'Content-Length: 0\r\n')

/** The client's field lines without those that end here. */
const joinKept = ({ text, cuts, fieldsStart }: HeadExchange): string => {
  let kept = ''
  let from = fieldsStart
  for (let i = 0; i < cuts.count; i++) {
    kept += text.slice(from, cuts.spans[2 * i]!)
    from = cuts.spans[2 * i + 1]!
  }
  return kept + text.slice(from, -2)
}

/**
 * Closes the gaps of a head in place, by moving what stands before each of them to the right: the body behind never moves.
 * Gives the offset where the head now begins.
 */
export const closeGaps = (bytes: Buffer, cuts: Cuts, end: number): number => {
  let to = end
  let from = end
  for (let i = cuts.count - 1; i >= 0; i--) {
    const gapStart = cuts.spans[2 * i]!
    const gapEnd = cuts.spans[2 * i + 1]!
    if (to !== from) bytes.copyWithin(to - (from - gapEnd), gapEnd, from)
    to -= from - gapEnd
    from = gapStart
  }
  if (to !== from) bytes.copyWithin(to - from, 0, from)
  return to - from
}
