/** Which requests may get a compressed answer. Both lanes ask: the fast one leaves them to the full one. */
import type { ServerConfig } from '../src/config/config.ts'
import { type Coding, preferredCoding } from './accept-encoding.ts'
import type { Exchange } from './exchange.ts'

/** Best first, where the client has no preference: zstd costs the least time for what it saves. */
export const CODINGS = ['zstd', 'br', 'gzip'] as const

export type CompressionConfig = NonNullable<ServerConfig['compression']>

/** Undefined when nothing is to be compressed. */
export const compressionOf = ({ compression, disable_compression }: ServerConfig): CompressionConfig | undefined =>
  compression?.enabled === true && disable_compression !== true ? compression : undefined

/**
 * The coding in which a tenant's or upstream's answer to this request may be sent, should its answer lend itself to it. Only
 * for GET, and without credentials unless the configuration says otherwise: see `with_credentials`.
 */
export const codingFor = (exchange: Exchange): Coding | undefined => {
  const compression = compressionOf(exchange.routing.snapshot.server)
  if (compression === undefined || exchange.method !== 'GET' || exchange.upgrade !== 'none') return undefined
  if (!compression.with_credentials && hasCredentials(exchange)) return undefined
  return preferredCoding(exchange.header('accept-encoding'), CODINGS)
}

/** Whether a media type, with or without parameters, is one of `types`. Event streams never are: they must not wait. */
export const isWorthCompressing = (mediaType: string | undefined, { types }: CompressionConfig): boolean => {
  const type = (mediaType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  return type !== 'text/event-stream' && types.some((range) => fits(type, range))
}

const hasCredentials = ({ header }: Exchange): boolean => header('authorization') !== undefined || header('cookie') !== undefined

/** One star in a range stands for anything. */
const fits = (type: string, range: string): boolean => {
  const star = range.indexOf('*')
  if (star === -1) return type === range
  return type.length >= range.length - 1 && type.startsWith(range.slice(0, star)) && type.endsWith(range.slice(star + 1))
}
