/** Passes an upstream's response to the client as it comes. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { HeaderList } from '../exchange.ts'
import { isHopByHop, nominated } from '../forwarding.ts'
import { chooseCoding, compress, compressedFields } from './compression.ts'
import type { Passage } from './passage.ts'

const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/

export type Relay = {
  readonly passage: Passage
  readonly response: ServerResponse
  readonly upstream: IncomingMessage
  /** Fields that the configuration sets on the response, in place of the upstream's. */
  readonly overrides: HeaderList
}

/** Why this response cannot be passed on, if it cannot. */
export const findResponseFault = (upstream: IncomingMessage): string | undefined => {
  const status = upstream.statusCode ?? 0
  if (status < 200 || status > 599) return `the upstream answered with status ${status}`
  const lengths = new Set(upstream.headersDistinct['content-length'])
  if (lengths.size > 1) return 'the upstream answered with more than one Content-Length'
  return upstream.rawHeaders.some((text) => UNPRINTABLE.test(text)) ? 'the upstream sent a field with a control character' : undefined
}

/** Head at once, body with backpressure, trailers. A body cut short ends the client's connection: it must not look whole. */
export const relayResponse = ({ passage, response, upstream, overrides }: Relay): void => {
  const reason = upstream.statusMessage ?? ''
  const coding = chooseCoding(passage.exchange, upstream)
  const fields = responseFields(upstream, overrides, passage.setHeaders)
  passage.status = upstream.statusCode!
  response.writeHead(
    passage.status,
    UNPRINTABLE.test(reason) ? '' : reason,
    coding === undefined ? fields : compressedFields(fields, coding),
  )
  flushUnlessBodyFollows(response, upstream)
  const body = coding === undefined ? upstream : compress(upstream, coding)
  if (body !== upstream) passage.onceOver(() => body.destroy())
  body.on('data', (chunk: Buffer) => {
    passage.bytesSent += chunk.length
  })
  body.pipe(response, { end: false })
  body.once('end', () => finish(response, upstream))
  body.once('error', () => cut(passage, response))
  upstream.once('error', () => cut(passage, response))
  upstream.once('close', () => {
    if (!upstream.complete) cut(passage, response)
  })
}

/** Passes on 102, 103 and the like. 100 is not: its Expect ended here. HTTP/1.0 knows none of them. */
export const relayInformation = (response: ServerResponse, from: ClientRequest): void => {
  from.on('information', ({ statusCode, rawHeaders }) => {
    if (statusCode === 100 || response.headersSent || response.req.httpVersion !== '1.1') return
    const fields: Record<string, string[]> = Object.create(null)
    for (const [name, value] of pairs(rawHeaders)) {
      if (!isHopByHop(name.toLowerCase()) && !UNPRINTABLE.test(value)) fields[name] = [...(fields[name] ?? []), value]
    }
    response.writeInformation(statusCode, fields)
  })
}

/** Small responses go out as one packet; those whose body lets itself be waited for get their head out before it. */
const flushUnlessBodyFollows = (response: ServerResponse, upstream: IncomingMessage): void => {
  let hasBegun = false
  const begin = (): void => {
    hasBegun = true
  }
  upstream.once('data', begin)
  upstream.once('end', begin)
  setImmediate(() => {
    if (!hasBegun && !response.destroyed) response.flushHeaders()
  })
}

const finish = (response: ServerResponse, { rawTrailers }: IncomingMessage): void => {
  if (rawTrailers.length > 0) response.addTrailers(pairs(rawTrailers).filter(mayTrail))
  response.end()
}

const mayTrail = ([name, value]: [string, string]): boolean =>
  !isHopByHop(name.toLowerCase()) && name.toLowerCase() !== 'content-length' && !UNPRINTABLE.test(value)

const cut = (passage: Passage, response: ServerResponse): void => {
  if (passage.isOver || response.writableEnded) return
  passage.responseType = 'error'
  passage.errorMessage = 'the upstream closed its connection in the middle of the response'
  passage.request.socket.destroy()
}

/** Names and values by turns: the upstream's fields without those that end at this hop, and `overrides` in place of its own. */
export const responseFields = (upstream: IncomingMessage, overrides: HeaderList, added: HeaderList = []): string[] => {
  const replaced = new Set(overrides.map(([name]) => name.toLowerCase()))
  const ending = nominated(upstream.headers.connection)
  const fields: string[] = []
  let hasLength = false
  for (const [name, value] of pairs(upstream.rawHeaders)) {
    const lower = name.toLowerCase()
    if (isHopByHop(lower) || ending.includes(lower) || replaced.has(lower)) continue
    if (lower === 'content-length' && hasLength) continue
    hasLength ||= lower === 'content-length'
    fields.push(name, value)
  }
  for (const [name, value] of [...overrides, ...added]) fields.push(name, value)
  return fields
}

const pairs = (flat: readonly string[]): [name: string, value: string][] => {
  const list: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i]!, flat[i + 1]!])
  return list
}
