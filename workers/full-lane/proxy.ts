/** http-proxy-3, kept on a short lead: it carries heads and bodies, we make the heads and watch over both ends. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Stream } from 'node:stream'
import { createProxyServer, type ServerOptions } from 'http-proxy-3'
import { HEAD_LIMIT_BYTES } from './parser.ts'
import type { UpstreamHeaders } from './upstream-head.ts'

/** What is to be sent where. */
export type Launch = {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** Path and query, as they go on the wire. */
  readonly path: string
  readonly headers: UpstreamHeaders
  readonly agent: NonNullable<ServerOptions['agent']>
  readonly connectTimeoutMs: number
  /** Gets the request to the upstream before anything of it is sent. */
  begin(upstream: ClientRequest): void
  /** May be called more than once, also after the response has begun. */
  failed(error: Error): void
}

export type HttpProxy = {
  web(request: IncomingMessage, response: ServerResponse, launch: Launch): void
  /** Writes the 101 and joins the two sockets, or relays the refusal. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, launch: Launch): void
}

/** Worker thread. What http-proxy-3 throws while it starts a request goes to `failed`. */
export const createProxy = (): HttpProxy => {
  const launches = new WeakMap<IncomingMessage, Launch>()
  const proxy = createProxyServer({ selfHandleResponse: true, toProxy: true })
  // It takes the request's own fields, and before that rewrites some of them: a DELETE with a chunked body got a
  // Content-Length of 0. So the fields are put in place last.
  const setHeaders = (request: IncomingMessage): void => {
    const launch = launches.get(request)
    if (launch !== undefined) request.headers = launch.headers
  }
  proxy.before('web', 'stream', setHeaders)
  proxy.before('ws', 'stream', setHeaders)
  proxy.on('proxyReqWs', (upstream, request) => launches.get(request)?.begin(upstream))
  // Errors come to each request's own callback. This one hears those of a client's socket, which ends its passage anyway.
  proxy.on('error', ignore)

  const start = (request: IncomingMessage, launch: Launch, run: () => void): void => {
    launches.set(request, launch)
    // A copy: what is done to it before `setHeaders` must not reach a second try.
    request.headers = { ...launch.headers }
    request.url = launch.path
    try {
      run()
    } catch (error) {
      launch.failed(error as Error)
    }
  }

  return {
    web: (request, response, launch) =>
      start(request, launch, () =>
        proxy.web(request, response, { ...optionsFor(launch), buffer: startedBy(launch) }, (error) => launch.failed(error)),
      ),
    upgrade: (request, socket, head, launch) =>
      start(request, launch, () => proxy.ws(request, socket, head, optionsFor(launch), (error) => launch.failed(error))),
  }
}

/** The target is an object without a path: then `request.url` is taken as it is, and never made into a URL, which may throw. */
const optionsFor = ({ protocol, hostname, port, agent, connectTimeoutMs }: Launch): ServerOptions => ({
  target: { protocol, hostname, host: hostname, port },
  agent,
  // What it takes for TLS options is the object it makes the request of: the one way to raise the limit of 16 KB.
  ssl: { maxHeaderSize: HEAD_LIMIT_BYTES },
  connectTimeout: connectTimeoutMs,
})

/** In place of the request's body: http-proxy-3 would pipe it at once, and lose what it read of it when nobody answers. */
const startedBy = (launch: Launch): Stream =>
  Object.assign(new Stream(), {
    pipe<T extends NodeJS.WritableStream>(upstream: T): T {
      launch.begin(upstream as unknown as ClientRequest)
      return upstream
    },
  })

const ignore = (): void => {}
