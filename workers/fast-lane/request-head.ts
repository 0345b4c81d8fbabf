/**
 * A strict parser of HTTP/1.1 request heads: one pass over the octets, results in a record that is used again.
 * It accepts only what every other parser reads the same way; all else is declined and left to the full lane.
 */
import { addCut, type Cuts, createCuts, createFieldLine, DECLINED, INCOMPLETE, OTHER, readLength, scanFieldLine } from './field-line.ts'
import { CR, LF, LOWER_TOKEN, matches, octetsOf, SPACE, TAB } from './octets.ts'
import {
  ACCEPT_ENCODING,
  AUTHORIZATION,
  CLAIM,
  CONNECTION,
  CONTENT_LENGTH,
  FLY_REQUEST_ID,
  HOP_BY_HOP,
  HOST,
  kindOfField,
  NAME_OCTETS,
  NOTED,
  REFERER,
  UPGRADE,
  USER_AGENT,
  X_FORWARDED_FOR,
  X_FORWARDED_HOST,
  X_FORWARDED_PROTO,
  X_REQUEST_ID,
} from './request-fields.ts'
import { scanTarget } from './request-target.ts'

/** Where the parts of an accepted head lie in the octets given to the parser. Valid until the next call. */
export type RequestHead = {
  method: Method
  targetStart: number
  pathEnd: number
  targetEnd: number
  /** Of the first field line. */
  fieldsStart: number
  /** Past the empty line. */
  end: number
  /** -1 where there is none. */
  contentLength: number
  /** The client asked for the connection to be closed. */
  close: boolean
  /** Set by the caller: whether to pass on what the client says about its way here, as behind a trusted proxy. */
  trustProxy: boolean
  /** A well-formed wish to speak WebSocket. */
  websocket: boolean
  /** Start and end of noted values, -1 where absent. */
  readonly values: Int32Array
  /** Lines of hop-by-hop fields, and of those that are always written anew. */
  readonly cuts: Cuts
  /** Why the last head was declined. */
  reason: string
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS'
const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']
const METHOD_OCTETS = METHODS.map((method) => octetsOf(`${method} `))
const VERSION = octetsOf(' HTTP/1.1\r\n')
const SHORTEST_LINE = 'GET / HTTP/1.1\r\n'.length
const FIELDS_LIMIT = 100

export const createRequestHead = (): RequestHead => ({
  method: 'GET',
  targetStart: 0,
  pathEnd: 0,
  targetEnd: 0,
  fieldsStart: 0,
  end: 0,
  contentLength: -1,
  close: false,
  trustProxy: false,
  websocket: false,
  values: new Int32Array(2 * NOTED),
  cuts: createCuts(),
  reason: '',
})

/** Reads the head at the start of `bytes`, up to `end`. Gives its length in octets, INCOMPLETE or DECLINED. */
export const parseRequestHead = (bytes: Uint8Array, end: number, head: RequestHead): number => {
  if (end < SHORTEST_LINE) return mayBegin(bytes.subarray(0, end)) ? INCOMPLETE : decline(head, 'request line')
  const target = readMethod(bytes, head)
  if (target < 0) return decline(head, 'method')
  const version = scanTarget(bytes, target, end, head)
  if (version <= 0) return version === INCOMPLETE ? INCOMPLETE : decline(head, 'target')
  for (let i = 0; i < VERSION.length; i++) {
    if (version + i >= end) return INCOMPLETE
    if (bytes[version + i] !== VERSION[i]) return decline(head, 'version')
  }
  head.fieldsStart = version + VERSION.length
  return readFields(bytes, end, head)
}

/** Whether these few octets may be the beginning of a request. */
const mayBegin = (bytes: Uint8Array): boolean =>
  !bytes.includes(LF) && METHOD_OCTETS.some((method) => bytes.every((octet, i) => i >= method.length || octet === method[i]))

const decline = (head: RequestHead, reason: string): number => {
  head.reason = reason
  return DECLINED
}

/** Gives the offset past the method and its space, or -1. */
const readMethod = (bytes: Uint8Array, head: RequestHead): number => {
  search: for (let m = 0; m < METHODS.length; m++) {
    const octets = METHOD_OCTETS[m]!
    for (let i = 0; i < octets.length; i++) if (bytes[i] !== octets[i]) continue search
    head.method = METHODS[m]!
    return octets.length
  }
  return -1
}

const line = createFieldLine()
/** What the head being read has said so far about upgrading. */
let isConnectionUpgrade = false
let isUpgradeToWebSocket = false

const readFields = (bytes: Uint8Array, end: number, head: RequestHead): number => {
  head.contentLength = -1
  head.close = false
  head.cuts.count = 0
  head.values.fill(-1)
  isConnectionUpgrade = false
  isUpgradeToWebSocket = false
  let at = head.fieldsStart
  for (let count = 0; count <= FIELDS_LIMIT; count++) {
    if (at + 1 >= end) return INCOMPLETE
    if (bytes[at] === CR) return bytes[at + 1] === LF ? finish(head, at + 2) : decline(head, 'line end')
    const next = scanFieldLine(bytes, at, end, line, NAME_OCTETS)
    if (next <= 0) return next === INCOMPLETE ? INCOMPLETE : decline(head, 'field line')
    const kind = kindOfField(bytes, line.nameStart, line.nameEnd)
    if (kind !== OTHER && !takeField(bytes, head, kind, next)) return DECLINED
    at = next
  }
  return decline(head, 'too many fields')
}

/** Gives false, and leaves the reason in `head`, when the field makes the head unfit for this lane. */
const takeField = (bytes: Uint8Array, head: RequestHead, kind: number, next: number): boolean => {
  switch (kind) {
    case HOST:
      return note(head, HOST) && isHost(bytes, line.valueStart, line.valueEnd) ? true : refuse(head, 'host')
    case USER_AGENT:
    case REFERER:
    case FLY_REQUEST_ID:
    case AUTHORIZATION:
    case ACCEPT_ENCODING:
      return note(head, kind) || refuse(head, 'twice')
    case X_FORWARDED_FOR:
    case X_FORWARDED_PROTO:
    case X_FORWARDED_HOST:
    case X_REQUEST_ID:
      return note(head, kind) ? cutLine(head, next) : refuse(head, 'twice')
    case HOP_BY_HOP:
      return cutLine(head, next)
    case CLAIM:
      return head.trustProxy || cutLine(head, next)
    case CONNECTION:
      return takeConnection(bytes, head) ? cutLine(head, next) : refuse(head, 'connection')
    case CONTENT_LENGTH:
      if (head.contentLength >= 0) return refuse(head, 'content-length')
      head.contentLength = readLength(bytes, line.valueStart, line.valueEnd)
      return head.contentLength >= 0 || refuse(head, 'content-length')
    case UPGRADE:
      if (isUpgradeToWebSocket || !isWord(bytes, line.valueStart, line.valueEnd, WEBSOCKET)) return refuse(head, 'upgrade')
      isUpgradeToWebSocket = true
      return cutLine(head, next)
    default:
      return refuse(head, 'unsuitable field')
  }
}

const refuse = (head: RequestHead, reason: string): boolean => {
  head.reason = reason
  return false
}

const cutLine = (head: RequestHead, next: number): boolean =>
  addCut(head.cuts, line.nameStart, next) || refuse(head, 'too many hop-by-hop fields')

/** Notes where the value stands. Gives false for a second line of the same name. */
const note = (head: RequestHead, kind: number): boolean => {
  if (head.values[2 * kind] !== -1) return false
  head.values[2 * kind] = line.valueStart
  head.values[2 * kind + 1] = line.valueEnd
  return true
}

const HOST_OCTETS = Uint8Array.from({ length: 256 }, (_, octet) => (/[\w.:[\]-]/.test(String.fromCharCode(octet)) ? 1 : 0))

const isHost = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let i = start; i < end; i++) if (HOST_OCTETS[bytes[i]!] === 0) return false
  return end > start
}

const CLOSE = octetsOf('close')
const KEEP_ALIVE = octetsOf('keep-alive')
const UPGRADE_OPTION = octetsOf('upgrade')
const WEBSOCKET = octetsOf('websocket')
const COMMA = 44

const isWord = (bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean =>
  end - start === word.length && matches(bytes, start, word)

/** Takes `close`, `keep-alive` and `upgrade`; a connection option that names another field is declined. */
const takeConnection = (bytes: Uint8Array, head: RequestHead): boolean => {
  let at = line.valueStart
  for (;;) {
    let end = at
    while (end < line.valueEnd && LOWER_TOKEN[bytes[end]!] !== 0) end++
    if (isWord(bytes, at, end, CLOSE)) head.close = true
    else if (isWord(bytes, at, end, UPGRADE_OPTION)) isConnectionUpgrade = true
    else if (!isWord(bytes, at, end, KEEP_ALIVE)) return false
    if (end === line.valueEnd) return true
    if (bytes[end] !== COMMA) return false
    at = end + 1
    while (bytes[at] === SPACE || bytes[at] === TAB) at++
  }
}

/** What only the whole head can tell. */
const finish = (head: RequestHead, end: number): number => {
  if (head.values[2 * HOST] === -1) return decline(head, 'no host')
  head.websocket = isUpgradeToWebSocket && isConnectionUpgrade
  if (isUpgradeToWebSocket !== isConnectionUpgrade) return decline(head, 'upgrade')
  if (head.websocket && (head.method !== 'GET' || head.close || head.contentLength > 0)) return decline(head, 'upgrade')
  head.end = end
  return end
}
