/**
 * A strict parser of HTTP/1.x response heads. What leaves the end of the body in doubt is declined, and answered with 502:
 * a guess would let one client read another's response.
 */
import {
  addCut,
  type Cuts,
  createCuts,
  createFieldLine,
  createNameTable,
  DECLINED,
  INCOMPLETE,
  kindOf,
  OTHER,
  readLength,
  scanFieldLine,
} from './field-line.ts'
import { CR, FIELD_VALUE, LF, LOWER_TOKEN, matches, octetsOf, SPACE } from './octets.ts'

const CONNECTION = 0
const CONTENT_LENGTH = 1
const TRANSFER_ENCODING = 2
const HOP_BY_HOP = 3

const NAMES = createNameTable({
  connection: CONNECTION,
  'content-length': CONTENT_LENGTH,
  'transfer-encoding': TRANSFER_ENCODING,
  'keep-alive': HOP_BY_HOP,
  'proxy-connection': HOP_BY_HOP,
  upgrade: HOP_BY_HOP,
})

/** What an accepted head says. Offsets are into the octets given to the parser. Valid until the next call. */
export type ResponseHead = {
  status: number
  /** -1 where there is none. */
  contentLength: number
  chunked: boolean
  /** The upstream closes after this response. */
  close: boolean
  isHttp10: boolean
  /** Past the empty line. */
  end: number
  /** Lines of hop-by-hop fields. */
  readonly cuts: Cuts
  /** Why the last head was declined. */
  reason: string
}

export const createResponseHead = (): ResponseHead => ({
  status: 0,
  contentLength: -1,
  chunked: false,
  close: false,
  isHttp10: false,
  end: 0,
  cuts: createCuts(),
  reason: '',
})

const PREFIX = octetsOf('HTTP/1.')
const SHORTEST_LINE = 'HTTP/1.1 200\r\n'.length
const FIELDS_LIMIT = 200

/** Reads the head at the start of `bytes`, up to `end`. Gives its length in octets, INCOMPLETE or DECLINED. */
export const parseResponseHead = (bytes: Uint8Array, end: number, head: ResponseHead): number => {
  for (let i = 0; i < PREFIX.length && i < end; i++) if (bytes[i] !== PREFIX[i]) return decline(head, 'version')
  if (end < SHORTEST_LINE) return bytes.subarray(0, end).includes(LF) ? decline(head, 'status line') : INCOMPLETE
  if (!takeVersionAndStatus(bytes, head)) return decline(head, 'status line')
  let i = 12
  if (bytes[i] === SPACE) while (i < end && FIELD_VALUE[bytes[i]!] === 1) i++
  if (i >= end) return INCOMPLETE
  if (bytes[i] !== CR) return decline(head, 'status line')
  if (i + 1 >= end) return INCOMPLETE
  if (bytes[i + 1] !== LF) return decline(head, 'status line')
  return readFields(bytes, i + 2, end, head)
}

const decline = (head: ResponseHead, reason: string): number => {
  head.reason = reason
  return DECLINED
}

const takeVersionAndStatus = (bytes: Uint8Array, head: ResponseHead): boolean => {
  const minor = bytes[7]! - 48
  if (minor !== 0 && minor !== 1) return false
  head.isHttp10 = minor === 0
  const status = readLength(bytes, 9, 12)
  head.status = status
  return bytes[8] === SPACE && status >= 100 && status <= 599
}

const line = createFieldLine()
/** Connection options of the head being read that name other fields, in lower case, a comma around each. */
let nominated = ''

const readFields = (bytes: Uint8Array, start: number, end: number, head: ResponseHead): number => {
  head.contentLength = -1
  head.chunked = false
  head.close = head.isHttp10
  head.cuts.count = 0
  nominated = ''
  let at = start
  for (let count = 0; count <= FIELDS_LIMIT; count++) {
    if (at + 1 >= end) return INCOMPLETE
    if (bytes[at] === CR) return bytes[at + 1] === LF ? finish(bytes, start, at + 2, head) : decline(head, 'line end')
    const next = scanFieldLine(bytes, at, end, line, LOWER_TOKEN)
    if (next <= 0) return next === INCOMPLETE ? INCOMPLETE : decline(head, 'field line')
    const kind = kindOf(NAMES, bytes, line.nameStart, line.nameEnd)
    if (kind !== OTHER && !takeField(bytes, head, kind, next)) return DECLINED
    at = next
  }
  return decline(head, 'too many fields')
}

const refuse = (head: ResponseHead, reason: string): boolean => {
  head.reason = reason
  return false
}

const CLOSE = octetsOf('close')
const KEEP_ALIVE = octetsOf('keep-alive')
const CHUNKED = octetsOf('chunked')

const isValue = (bytes: Uint8Array, word: Uint8Array): boolean =>
  line.valueEnd - line.valueStart === word.length && matches(bytes, line.valueStart, word)

const takeField = (bytes: Uint8Array, head: ResponseHead, kind: number, next: number): boolean => {
  switch (kind) {
    case CONNECTION:
      takeConnection(bytes, head)
      return cutLine(head, next)
    case HOP_BY_HOP:
      return cutLine(head, next)
    case CONTENT_LENGTH:
      if (head.contentLength >= 0) return refuse(head, 'content-length twice')
      head.contentLength = readLength(bytes, line.valueStart, line.valueEnd)
      return head.contentLength >= 0 || refuse(head, 'content-length')
    default:
      if (head.chunked || head.isHttp10 || !isValue(bytes, CHUNKED)) return refuse(head, 'transfer-encoding')
      head.chunked = true
      return true
  }
}

const cutLine = (head: ResponseHead, next: number): boolean =>
  addCut(head.cuts, line.nameStart, next) || refuse(head, 'too many hop-by-hop fields')

const takeConnection = (bytes: Uint8Array, head: ResponseHead): void => {
  if (isValue(bytes, KEEP_ALIVE)) {
    if (head.isHttp10) head.close = false
  } else if (isValue(bytes, CLOSE)) head.close = true
  else takeOptions(Buffer.from(bytes.subarray(line.valueStart, line.valueEnd)).toString('latin1'), head)
}

const takeOptions = (value: string, head: ResponseHead): void => {
  for (const option of value.toLowerCase().split(',')) {
    const name = option.trim()
    if (name === 'close') head.close = true
    else if (name === 'keep-alive' && head.isHttp10) head.close = false
    nominated += `,${name},`
  }
}

const FRAMING = /,(?:content-length|transfer-encoding),/

const finish = (bytes: Uint8Array, start: number, end: number, head: ResponseHead): number => {
  if (head.chunked && head.contentLength >= 0) return decline(head, 'content-length and transfer-encoding')
  if (nominated !== '') {
    if (FRAMING.test(nominated)) return decline(head, 'framing field named by connection')
    if (!cutNominated(bytes, start, end, head)) return DECLINED
  }
  head.end = end
  return end
}

/** A second pass, only for the rare head whose Connection names other fields: their lines are hop-by-hop too. */
const cutNominated = (bytes: Uint8Array, start: number, end: number, head: ResponseHead): boolean => {
  head.cuts.count = 0
  for (let at = start; at < end - 2; ) {
    const next = scanFieldLine(bytes, at, end, line, LOWER_TOKEN)
    const name = Buffer.from(bytes.subarray(line.nameStart, line.nameEnd)).toString('latin1').toLowerCase()
    const kind = kindOf(NAMES, bytes, line.nameStart, line.nameEnd)
    const isHopByHop = kind === CONNECTION || kind === HOP_BY_HOP || nominated.includes(`,${name},`)
    if (isHopByHop && !cutLine(head, next)) return false
    at = next
  }
  return true
}
