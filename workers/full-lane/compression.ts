/** Compresses responses on their way to the client, in libuv's threads. */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import type { Coding } from '../accept-encoding.ts'
import { codingFor, compressionOf, isWorthCompressing } from '../compression-policy.ts'
import { createCompressor } from '../compressors.ts'
import type { Exchange } from '../exchange.ts'

const BODYLESS = new Set([204, 205, 206, 304])
/** The coding to send this response in, or undefined to leave it as it is. */
export const chooseCoding = (exchange: Exchange, upstream: IncomingMessage): Coding | undefined => {
  const coding = codingFor(exchange)
  return coding !== undefined && isCompressible(exchange, upstream) ? coding : undefined
}

const isCompressible = ({ routing }: Exchange, { statusCode = 0, headers }: IncomingMessage): boolean => {
  const compression = compressionOf(routing.snapshot.server)
  if (compression === undefined || BODYLESS.has(statusCode)) return false
  if (headers['content-encoding'] !== undefined || headers['content-range'] !== undefined) return false
  if (/\bno-transform\b/i.test(headers['cache-control'] ?? '')) return false
  const length = headers['content-length']
  return (length === undefined || Number(length) >= compression.minimum_size) && isWorthCompressing(headers['content-type'], compression)
}

/** Fields of the compressed response, names and values by turns. A strong entity tag is of the plain octets only, so it becomes weak. */
export const compressedFields = (fields: readonly string[], coding: Coding): string[] => {
  const result: string[] = []
  let vary = 'Accept-Encoding'
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i]!, fields[i + 1]!]
    const lower = name.toLowerCase()
    if (lower === 'content-length' || lower === 'accept-ranges') continue
    if (lower === 'vary') vary = joinVary(vary, value)
    else result.push(name, lower === 'etag' && !value.startsWith('W/') ? `W/${value}` : value)
  }
  result.push('Content-Encoding', coding, 'Vary', vary)
  return result
}

const joinVary = (vary: string, more: string): string => {
  if (vary === '*' || more.trim() === '*') return '*'
  const known = new Set(vary.toLowerCase().split(/\s*,\s*/))
  return [vary, ...more.split(/\s*,\s*/).filter((name) => name !== '' && !known.has(name.toLowerCase()))].join(', ')
}

/** The compressed body. What an upstream sends bit by bit is passed on as it comes. Ends only if `upstream` does. */
export const compress = (upstream: IncomingMessage, coding: Coding): Transform => {
  const { compressor, flush } = createCompressor(coding)
  upstream.pipe(compressor)
  if (upstream.headers['content-length'] === undefined) flushInPauses(upstream, () => !compressor.destroyed && flush())
  return compressor
}

/** Once after each burst of chunks, not after each chunk: every flush costs some of what compressing saves. */
const flushInPauses = (upstream: IncomingMessage, flush: () => void): void => {
  let isDue = false
  upstream.on('data', () => {
    if (isDue) return
    isDue = true
    setImmediate(() => {
      isDue = false
      if (!upstream.readableEnded) flush()
    })
  })
}
