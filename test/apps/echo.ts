/**
 * Says what it was asked. Any path: method, url, headers and body as JSON. Besides:
 *   /slow?ms=500          answers after so long           /status?code=418   answers with that status
 *   /bytes?n=1000000      that many bytes, with a length  /chunks?n=3&ms=20  that many chunks `chunk 0\n` …, so far apart
 *   /sse?n=3&ms=20        that many events                /echo              the body, as it comes
 *   /pid                  its process id                  /env?name=HOME     that variable, or all of them as JSON
 *   /crash                exits with 1, unanswered        /redirect?to=/x    302
 *   /hang                 never answers                   /reset             breaks the connection off in the middle of a body
 *   /open                 requests under way, itself included
 * A WebSocket on any path echoes messages; `bye` closes it with 1000, and the first message sent is `hello <url>`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { serve } from './serve.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void | Promise<void>

let underWay = 0

const describe: Answer = async (request, response) => {
  const chunks = await request.toArray()
  const body = Buffer.concat(chunks).toString()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, rawHeaders: request.rawHeaders, body }))
}

const drip = async (response: ServerResponse, query: URLSearchParams, text: (index: number) => string) => {
  response.flushHeaders()
  for (let index = 0; index < number(query, 'n', 3); index++) {
    response.write(text(index))
    await pause(number(query, 'ms', 20))
  }
  response.end()
}

const answers: Record<string, Answer> = {
  async '/slow'(_request, response, query) {
    await pause(number(query, 'ms', 500))
    response.end('slow')
  },
  '/status'(_request, response, query) {
    response.writeHead(number(query, 'code', 200)).end()
  },
  '/bytes'(_request, response, query) {
    const n = number(query, 'n', 1_000)
    response.writeHead(200, { 'content-length': n, 'content-type': 'application/octet-stream' })
    response.end(Buffer.alloc(n, 'x'))
  },
  '/chunks': (_request, response, query) => drip(response, query, (index) => `chunk ${index}\n`),
  '/sse'(_request, response, query) {
    response.setHeader('content-type', 'text/event-stream')
    return drip(response, query, (index) => `data: ${index}\n\n`)
  },
  '/echo'(request, response) {
    response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream')
    request.pipe(response)
  },
  '/pid': (_request, response) => void response.end(String(process.pid)),
  '/open': (_request, response) => void response.end(String(underWay)),
  '/env'(_request, response, query) {
    const name = query.get('name')
    response.end(name === null ? JSON.stringify(process.env) : (process.env[name] ?? ''))
  },
  '/redirect'(_request, response, query) {
    response.writeHead(302, { location: query.get('to') ?? '/' }).end()
  },
  '/crash': () => process.exit(1),
  '/hang': () => {},
  '/reset'(_request, response) {
    response.writeHead(200, { 'content-length': 1_000 })
    response.write('the beginning', () => response.destroy())
  },
}

const number = (query: URLSearchParams, name: string, otherwise: number): number => Number(query.get(name) ?? otherwise)

const server = serve(async (request, response) => {
  underWay++
  response.once('close', () => underWay--)
  const url = new URL(request.url ?? '/', 'http://localhost')
  // Below any prefix: the proxy hands the whole path on.
  const answer = answers[`/${url.pathname.split('/').at(-1)}`] ?? describe
  await answer(request, response, url.searchParams)
})

server.on('upgrade', async (request, socket, head) => {
  const { WebSocketServer } = await import('ws')
  new WebSocketServer({ noServer: true }).handleUpgrade(request, socket, head, (client) => {
    client.send(`hello ${request.url}`)
    client.on('message', (message, isBinary) =>
      String(message) === 'bye' ? client.close(1000) : client.send(message, { binary: isBinary }),
    )
  })
})

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
