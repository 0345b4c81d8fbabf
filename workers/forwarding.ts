/** What both lanes tell upstreams about a request's way here, and which fields they never pass on. Worker thread. */

/** Fields that concern one connection only (RFC 9110 §7.6.1). Names in lower case. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Fields of a request that a lane writes itself. */
const OURS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  // A client that speaks for a server in front would have the tenant name its files in place of sending them.
  'x-sendfile-type',
  'x-accel-mapping',
])

/** Whether a field, by its name in lower case, ends at this hop. Fields named in Connection do too: see `nominated`. */
export const isHopByHop = (name: string): boolean => HOP_BY_HOP.has(name)

/**
 * Whether a field of a client's request is passed on as it is, by its name in lower case. Not so: what ends here, what a lane
 * writes itself, what an untrusted client claims about its way here, and `X_Forwarded_For`, which CGI-like servers (Rack,
 * WSGI) cannot tell from `X-Forwarded-For`.
 */
export const passesOn = (name: string, trustProxy: boolean): boolean => {
  const canonical = name.includes('_') ? name.replaceAll('_', '-') : name
  if (HOP_BY_HOP.has(canonical) || OURS.has(canonical)) return false
  if (canonical !== name && isForwardingClaim(canonical)) return false
  return trustProxy || !isForwardingClaim(canonical)
}

const isForwardingClaim = (name: string): boolean => name === 'forwarded' || name === 'x-real-ip' || name.startsWith('x-forwarded-')

/** Names, in lower case, that a Connection field says end at this hop. */
export const nominated = (connection: string | undefined): readonly string[] =>
  connection === undefined ? [] : connection.split(',').map((name) => name.trim().toLowerCase())

/** `::ffff:10.0.0.1` → `10.0.0.1`. */
export const plainAddress = (address: string | undefined): string =>
  address === undefined ? '' : address.startsWith('::ffff:') ? address.slice(7) : address

/** X-Forwarded-For for the upstream: a trusted proxy's list grows by its own address, anybody else's is replaced. */
export const forwardedFor = (peer: string, incoming: string | undefined, trustProxy: boolean): string =>
  trustProxy && incoming ? `${incoming}, ${peer}` : peer

/** X-Forwarded-Proto for the upstream. Connections here are always plain. */
export const forwardedProto = (incoming: string | undefined, trustProxy: boolean): string => (trustProxy && incoming ? incoming : 'http')

/** X-Forwarded-Host for the upstream. */
export const forwardedHost = (host: string, incoming: string | undefined, trustProxy: boolean): string =>
  trustProxy && incoming ? incoming : host

/** `client_ip` of the access log: the whole list that a trusted proxy sent, else the peer. */
export const clientAddress = (peer: string, incomingFor: string | undefined, trustProxy: boolean): string =>
  trustProxy && incomingFor ? incomingFor : peer

const VISIBLE = /^[\x21-\x7e]{1,200}$/
const digits = (count: number): string =>
  Math.floor(Math.random() * 16 ** count)
    .toString(16)
    .padStart(count, '0')
// A random prefix per thread and a counter: unique enough to find a request by, and 60 times cheaper than 16 random bytes each.
// It need not be hard to guess, and node:crypto would take a megabyte of each thread.
const prefix = digits(10) + digits(10)
let issued = 0

/** The client's X-Request-Id if it is 1–200 visible characters, else 32 hexadecimal digits. */
export const requestIdOf = (incoming: string | undefined): string => {
  if (incoming !== undefined && VISIBLE.test(incoming)) return incoming
  issued += 1
  return prefix + issued.toString(16).padStart(12, '0')
}
