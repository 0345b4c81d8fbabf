/** Fields of a request that mean something to a proxy, by kind. */
import { createNameTable, kindOf, OTHER } from './field-line.ts'
import { LOWER_TOKEN, matches, octetsOf } from './octets.ts'

// Fields whose values are looked at again after parsing: indexes into `RequestHead.values`, up to NOTED.
export const HOST = 0
export const X_FORWARDED_FOR = 1
export const X_FORWARDED_PROTO = 2
export const X_FORWARDED_HOST = 3
export const X_REQUEST_ID = 4
export const USER_AGENT = 5
export const REFERER = 6
export const FLY_REQUEST_ID = 7
export const AUTHORIZATION = 8
export const ACCEPT_ENCODING = 9
export const NOTED = 10
export const CONNECTION = 10
export const CONTENT_LENGTH = 11
export const UPGRADE = 12
export const HOP_BY_HOP = 13
export const CLAIM = 14
export const UNSUITABLE = 15

const NAMES = createNameTable({
  host: HOST,
  'x-forwarded-for': X_FORWARDED_FOR,
  'x-forwarded-proto': X_FORWARDED_PROTO,
  'x-forwarded-host': X_FORWARDED_HOST,
  'x-request-id': X_REQUEST_ID,
  'user-agent': USER_AGENT,
  referer: REFERER,
  'fly-request-id': FLY_REQUEST_ID,
  authorization: AUTHORIZATION,
  'accept-encoding': ACCEPT_ENCODING,
  connection: CONNECTION,
  'content-length': CONTENT_LENGTH,
  upgrade: UPGRADE,
  'keep-alive': HOP_BY_HOP,
  te: HOP_BY_HOP,
  'proxy-authenticate': HOP_BY_HOP,
  'proxy-connection': HOP_BY_HOP,
  'proxy-authorization': HOP_BY_HOP,
  'x-sendfile-type': HOP_BY_HOP,
  'x-accel-mapping': HOP_BY_HOP,
  forwarded: CLAIM,
  'x-real-ip': CLAIM,
  'transfer-encoding': UNSUITABLE,
  expect: UNSUITABLE,
  trailer: UNSUITABLE,
  'http2-settings': UNSUITABLE,
})

const FORWARDED_PREFIX = octetsOf('x-forwarded-')

/** No underscores: some servers can't tell `X_Forwarded_For` from `X-Forwarded-For`. The full lane sorts such heads out. */
export const NAME_OCTETS = Uint8Array.from(LOWER_TOKEN, (octet) => (octet === 95 ? 0 : octet))

/** The kind of the field of a request whose name stands from `start` to `end`, or OTHER. */
export const kindOfField = (bytes: Uint8Array, start: number, end: number): number => {
  const kind = kindOf(NAMES, bytes, start, end)
  if (kind !== OTHER || end - start <= FORWARDED_PREFIX.length) return kind
  return matches(bytes, start, FORWARDED_PREFIX) ? CLAIM : OTHER
}
