/** Heads as they are passed on: without what ends at this hop, with what navigator says itself. */
import { forwardedFor, forwardedHost, forwardedProto } from '../forwarding.ts'
import type { Cuts } from './field-line.ts'
import type { HeadExchange } from './head-exchange.ts'
import type { Method } from './request-head.ts'

/** The head for a tenant: fields in the client's order, then navigator's own. */
export const buildTenantHead = (exchange: HeadExchange, trustProxy: boolean): string => {
  const fields = joinKept(exchange.text, exchange.cuts, exchange.fieldsStart, exchange.text.length - 2)
  const upgrade = exchange.upgrade === 'websocket' ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : ''
  const length = exchange.hasLength || SENDS_NO_BODY[exchange.method] ? '' : 'Content-Length: 0\r\n'
  return (
    `${exchange.method} ${exchange.path}${exchange.query} HTTP/1.1\r\n${fields}${upgrade}${length}` +
    `X-Forwarded-For: ${forwardedFor(exchange.peer, exchange.forwardedFor, trustProxy)}\r\n` +
    `X-Forwarded-Proto: ${forwardedProto(exchange.forwardedProto, trustProxy)}\r\n` +
    `X-Forwarded-Host: ${forwardedHost(exchange.host, exchange.forwardedHost, trustProxy)}\r\n` +
    `X-Request-Id: ${exchange.requestId}\r\n\r\n`
  )
}

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

const joinKept = (text: string, cuts: Cuts, start: number, end: number): string => {
  let kept = ''
  let from = start
  for (let i = 0; i < cuts.count; i++) {
    kept += text.slice(from, cuts.spans[2 * i]!)
    from = cuts.spans[2 * i + 1]!
  }
  return kept + text.slice(from, end)
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
