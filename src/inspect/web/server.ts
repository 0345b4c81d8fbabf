/** The page of `navigator inspect --web`: a server on loopback in the inspecting process, fed by the control socket. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { NavigatorError } from '../../errors.ts'
import { askInstance, followInstance } from '../control-socket.ts'
import { type Previous, shownRows } from '../screen.ts'
import { CHARTED, chartFor } from '../statechart.ts'
import type { InspectReport } from '../watch-commands.ts'
import { createGuard } from './guard.ts'
import { layOut } from './layout.ts'

/** A page that is served. */
export type WebView = Disposable & {
  /** With the token. */
  readonly url: string
  /** Rejects when the instance has ended. */
  readonly ended: Promise<never>
}

export type WebOptions = { readonly port: number; readonly allowControl: boolean }

const LOOK_MS = 1_000
const ASK_TIMEOUT_MS = 10_000

/**
 * Serves the page for the instance behind a control socket.
 * @throws NAV_LISTEN_FAILED when the port is taken.
 */
export const serveWeb = async (socket: string, { port, allowControl }: WebOptions): Promise<WebView> => {
  const token = randomBytes(18).toString('base64url')
  const guard = createGuard(token, () => portOf(server))
  const live = createLive(socket)
  const pages = pagesOf(socket, live, allowControl)
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer(async (request, response) => {
    const admittance = guard.admit(request)
    if (admittance === 'refused') return void response.writeHead(403).end('open the address that navigator inspect --web has printed\n')
    response.setHeader('content-security-policy', "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
    response.setHeader('cache-control', 'no-store')
    if (admittance === 'by token') response.setHeader('set-cookie', guard.cookie())
    await answer(pages, request, response)
  })
  server.listen({ host: '127.0.0.1', port })
  await once(server, 'listening').catch((cause: unknown) => {
    throw new NavigatorError('NAV_LISTEN_FAILED', `the page cannot be served on port ${port}: ${(cause as Error).message}`, { cause })
  })
  return {
    url: `http://127.0.0.1:${portOf(server)}/?token=${token}`,
    ended: live.ended,
    [Symbol.dispose]() {
      live[Symbol.dispose]()
      server.close()
      server.closeAllConnections()
    },
  }
}

const portOf = (server: Server): number => Object(server.address()).port

type Page = (query: URLSearchParams, request: IncomingMessage, response: ServerResponse) => unknown

const answer = async (pages: Readonly<Record<string, Page>>, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const page = pages[`${request.method} ${pathname}`]
  if (!page) return void response.writeHead(404).end()
  try {
    const value = await page(searchParams, request, response)
    if (value !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
  } catch (error) {
    response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String((error as Error).message) }))
  }
}

const pagesOf = (socket: string, live: Live, allowControl: boolean): Readonly<Record<string, Page>> => ({
  'GET /': asset('index.html', 'text/html; charset=utf-8'),
  'GET /page.js': asset('page.js', 'text/javascript'),
  'GET /page.css': asset('page.css', 'text/css'),
  'GET /uplot.js': asset('uPlot.iife.min.js', 'text/javascript'),
  'GET /uplot.css': asset('uPlot.min.css', 'text/css'),
  'GET /favicon.ico': (_, __, response) => void response.writeHead(204).end(),
  'GET /charts': () => Object.fromEntries(CHARTED.map((kind) => [kind, layOut(chartFor(kind)!)])),
  'GET /rights': () => ({ allowControl }),
  'GET /live': (_, __, response) => live.join(response),
  'GET /steps': (query) =>
    collect(followInstance(socket, { command: 'transitions', kind: query.get('kind'), name: query.get('name') ?? undefined })),
  'GET /logs': (query) => collect(followInstance(socket, { command: 'logs', names: [query.get('name') ?? ''], lines: 200 })),
  async 'POST /order'(_, request) {
    if (!allowControl) throw new NavigatorError('NAV_CONTROL_FAILED', 'this page may only look: start it with --allow-control')
    if (request.headers.origin === undefined) throw new NavigatorError('NAV_CONTROL_FAILED', 'an order comes from the page itself')
    const { verb, name } = JSON.parse(await text(request))
    return askInstance(socket, { command: 'order', verb, names: [name] }, { timeoutMs: ASK_TIMEOUT_MS })
  },
})

/** The bundle keeps them beside itself. */
const asset = (name: string, type: string): Page => {
  const isSource = import.meta.url.endsWith('.ts')
  const place = !isSource ? './page/' : name.startsWith('uPlot') ? '../../../node_modules/uplot/dist/' : './page/'
  return (_, __, response) => void response.setHeader('content-type', type).end(readFileSync(new URL(place + name, import.meta.url)))
}

const collect = async (items: AsyncIterable<unknown>): Promise<readonly unknown[]> => {
  const all: unknown[] = []
  for await (const item of items) all.push(item)
  return all
}

type Live = Disposable & { join(response: ServerResponse): void; readonly ended: Promise<never> }

/** One look a second for all pages together, and each step of a machine as it happens. */
const createLive = (socket: string): Live => {
  const viewers = new Set<ServerResponse>()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  let previous: Previous | undefined
  const tell = (event: string, data: unknown) => {
    const message = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    // One that does not keep up misses some.
    for (const viewer of viewers) if (!viewer.writableNeedDrain) viewer.write(message)
  }
  const look = async () => {
    const report = (await askInstance(socket, { command: 'inspect' }, { timeoutMs: ASK_TIMEOUT_MS })) as InspectReport
    tell('report', reportFor(report, previous))
    previous = report
  }
  const timer = setInterval(() => viewers.size > 0 && void look().catch(reject), LOOK_MS)
  const steps = followInstance(socket, { command: 'transitions', follow: true })
  const follow = async () => {
    for await (const step of steps) tell('step', step)
  }
  follow().catch(reject)
  ended.catch(() => {})
  return {
    ended,
    join(response) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      viewers.add(response)
      response.on('close', () => viewers.delete(response))
      void look().catch(reject)
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

const reportFor = (report: InspectReport, previous: Previous | undefined) => {
  const { pid, startedAt, configFile, address, at, states } = report
  const own = (['server', 'host'] as const).map((kind) => ({ kind, name: kind, path: states[`${kind}/${kind}`] ?? '' }))
  const rows = shownRows(report, { previous, filter: '', sort: 'name' }).map(({ row, ...rest }) => ({ ...row, ...rest }))
  return { pid, startedAt, configFile, address, at, rows, own }
}
