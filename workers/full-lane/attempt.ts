/** One try to get a request answered by one upstream. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { HeaderList } from '../exchange.ts'
import type { Agents } from './agents.ts'
import type { Passage } from './passage.ts'
import type { HttpProxy } from './proxy.ts'
import { findResponseFault, relayInformation, relayResponse } from './relay.ts'
import { takeSendfile } from './sendfile.ts'
import { type UpstreamHeaders, upstreamTrailers } from './upstream-head.ts'

/** The upstream a try goes to. */
export type Destination = {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  readonly path: string
  readonly headers: UpstreamHeaders
  readonly responseHeaders: HeaderList
  /** Directories whose files the upstream may have sent in its name. */
  readonly sendfileRoots: readonly string[]
}

/** Why nothing of a response has gone to the client. */
export type Failure = {
  readonly kind: 'refused' | 'reset' | 'timeout' | 'broken'
  readonly message: string
  /** Whether the upstream has seen nothing of the request. */
  readonly isUnsent?: boolean
}

export type Attempt = {
  readonly passage: Passage
  readonly response: ServerResponse
  readonly to: Destination
  readonly proxy: HttpProxy
  readonly agents: Agents
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Whether sending this request twice does no harm, and is possible: a body is gone once it was sent. */
export const mayRepeat = ({ exchange, hasBody }: Passage): boolean => IDEMPOTENT.has(exchange.method) && !hasBody

/** Gives undefined as soon as the response has begun, or the client has gone; from then on nobody can try again. */
export const attempt = (work: Attempt): Promise<Failure | undefined> => new Try(work).result

class Try {
  readonly #work: Attempt
  readonly #settled = Promise.withResolvers<Failure | undefined>()
  #upstream: ClientRequest | undefined

  constructor(work: Attempt) {
    this.#work = work
    const { passage, to } = work
    passage.onceOver(() => this.#stop(undefined))
    work.proxy.web(passage.request, work.response, {
      ...to,
      agent: work.agents.choose(to.protocol, mayRepeat(passage)),
      connectTimeoutMs: passage.exchange.routing.snapshot.server.timeouts.connect,
      begin: (upstream) => this.#begin(upstream),
      failed: (error) => this.#settled.resolve(passage.isOver ? undefined : classify(error)),
    })
  }

  get result(): Promise<Failure | undefined> {
    return this.#settled.promise
  }

  #begin(upstream: ClientRequest): void {
    const { passage, response } = this.#work
    const { timeouts } = passage.exchange.routing.snapshot.server
    this.#upstream = upstream
    relayInformation(response, upstream)
    upstream.once('response', (incoming) => this.#onResponse(incoming))
    // A 101 that nobody asked for ends the request without an error.
    upstream.once('close', () => this.#stop({ kind: 'broken', message: 'the upstream gave no response' }))
    limitSilence(upstream, timeouts.response, () => this.#stop({ kind: 'timeout', message: `no response within ${timeouts.response} ms` }))
    sendBody(passage, response, upstream)
  }

  #onResponse(incoming: IncomingMessage): void {
    const { passage, response, to } = this.#work
    const fault = findResponseFault(incoming)
    if (fault !== undefined) {
      this.#stop({ kind: 'broken', message: fault })
      return
    }
    this.#settled.resolve(undefined)
    if (passage.isOver || takeSendfile({ passage, response, upstream: incoming, roots: to.sendfileRoots })) return
    relayResponse({ passage, response, upstream: incoming, overrides: to.responseHeaders })
  }

  #stop(failure: Failure | undefined): void {
    this.#settled.resolve(failure)
    this.#upstream?.destroy()
  }
}

const UNSENT = new Set(['ECONNREFUSED', 'ECONNECT_TIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])

const classify = (error: NodeJS.ErrnoException): Failure => {
  const { code = '' } = error
  return { kind: kindOf(code), message: error.message === '' ? code : error.message, isUnsent: UNSENT.has(code) }
}

const kindOf = (code: string): Failure['kind'] => {
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  return code === 'ECONNECT_TIMEOUT' || code === 'ETIMEDOUT' ? 'timeout' : 'broken'
}

/** Calls once when the response has not begun `limitMs` after the last of the request was sent. 0 = no limit. */
export const limitSilence = (upstream: ClientRequest, limitMs: number, expire: () => void): void => {
  if (limitMs === 0) return
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => clearTimeout(timer)
  upstream.once('finish', () => {
    timer = setTimeout(expire, limitMs)
  })
  for (const event of ['response', 'upgrade', 'close']) upstream.once(event, stop)
}

/** A body is taken from the client only once somebody is there to receive it: then a refused connection has lost none of it. */
const sendBody = (passage: Passage, response: ServerResponse, upstream: ClientRequest): void => {
  const { request } = passage
  if (!passage.hasBody) {
    upstream.end()
    return
  }
  const send = (): void => {
    if (passage.expectsContinue) response.writeContinue()
    upstream.flushHeaders()
    request.pipe(upstream, { end: false })
    request.once('end', () => {
      const trailers = upstreamTrailers(request)
      if (trailers.length > 0) upstream.addTrailers(trailers)
      upstream.end()
    })
  }
  upstream.once('socket', (socket) => {
    if (socket.connecting) socket.once('connect', send)
    else send()
  })
}
