/** A parsed request head as the pipeline sees it. One per client connection, filled anew for each request. */
import type { Socket } from 'node:net'
import type { Exchange } from '../exchange.ts'
import { requestIdOf } from '../forwarding.ts'
import { peerOf } from '../peer.ts'
import type { RoutingTable } from '../routing-table.ts'
import { type Cuts, createCuts } from './field-line.ts'
import {
  ACCEPT_ENCODING,
  AUTHORIZATION,
  FLY_REQUEST_ID,
  HOST,
  REFERER,
  USER_AGENT,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PROTO,
  X_REQUEST_ID,
} from './request-fields.ts'
import type { Method, RequestHead } from './request-head.ts'

export class HeadExchange implements Exchange {
  method: Method = 'GET'
  path = ''
  query = ''
  requestId = ''
  user: string | undefined
  rewrittenFrom: string | undefined
  isCounted = false
  upgrade: 'none' | 'websocket' = 'none'
  readonly peer: string
  routing!: RoutingTable
  /** The head as the client sent it, in latin1. */
  text = ''
  fieldsStart = 0
  /** Whether the client said how long the body is. */
  hasLength = false
  /** Lines of `text` that are not passed on. */
  readonly cuts: Cuts = createCuts()
  host = ''
  forwardedFor: string | undefined
  forwardedProto: string | undefined
  forwardedHost: string | undefined
  userAgent = ''
  referer = ''
  flyRequestId = ''
  authorization: string | undefined
  acceptEncoding: string | undefined

  /** Not a method: steps take it by itself. */
  readonly header = (name: string): string | undefined => {
    // What steps ask of every request is known already.
    if (name === 'host') return this.host
    if (name === 'accept-encoding') return this.acceptEncoding
    if (name === 'authorization') return this.authorization
    return fieldIn(this.text, this.fieldsStart, name)
  }

  constructor(socket: Socket) {
    this.peer = peerOf(socket)
  }

  /** Takes in the head that has just been parsed; `bytes` are no longer needed afterwards. */
  fill(bytes: Buffer, head: RequestHead, routing: RoutingTable): void {
    const text = bytes.toString('latin1', 0, head.end)
    this.text = text
    this.routing = routing
    this.method = head.method
    this.user = undefined
    this.path = text.slice(head.targetStart, head.pathEnd)
    this.query = head.pathEnd === head.targetEnd ? '' : text.slice(head.pathEnd, head.targetEnd)
    this.rewrittenFrom = undefined
    this.isCounted = false
    this.upgrade = head.websocket ? 'websocket' : 'none'
    this.fieldsStart = head.fieldsStart
    this.hasLength = head.contentLength >= 0
    this.cuts.count = head.cuts.count
    for (let i = 0; i < 2 * head.cuts.count; i++) this.cuts.spans[i] = head.cuts.spans[i]!
    this.host = valueIn(text, head, HOST) ?? ''
    this.forwardedFor = valueIn(text, head, X_FORWARDED_FOR)
    this.forwardedProto = valueIn(text, head, X_FORWARDED_PROTO)
    this.forwardedHost = valueIn(text, head, X_FORWARDED_HOST)
    this.authorization = valueIn(text, head, AUTHORIZATION)
    this.acceptEncoding = valueIn(text, head, ACCEPT_ENCODING)
    this.userAgent = valueIn(text, head, USER_AGENT) ?? ''
    this.referer = valueIn(text, head, REFERER) ?? ''
    this.flyRequestId = valueIn(text, head, FLY_REQUEST_ID) ?? ''
    this.requestId = requestIdOf(valueIn(text, head, X_REQUEST_ID))
  }
}

const valueIn = (text: string, head: RequestHead, kind: number): string | undefined => {
  const start = head.values[2 * kind]!
  return start === -1 ? undefined : text.slice(start, head.values[2 * kind + 1]!).trimEnd()
}

const CRLF = '\r\n'
const COLON = 58

/** Looks through the head anew each time: what steps ask of a request is mostly not there, and a map of all fields costs more. */
const fieldIn = (text: string, start: number, name: string): string | undefined => {
  let found: string | undefined
  for (let at = start; at < text.length - CRLF.length; ) {
    const end = text.indexOf(CRLF, at)
    if (text.charCodeAt(at + name.length) === COLON && text.slice(at, at + name.length).toLowerCase() === name) {
      const value = text.slice(at + name.length + 1, end).trim()
      found = found === undefined ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`
    }
    at = end + CRLF.length
  }
  return found
}
