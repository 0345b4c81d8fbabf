/**
 * http-proxy-3 as one would deploy it: node:http in one thread, keep-alive to the origin, X-Forwarded headers, a request id
 * and one JSON line per request, written in batches. Run as `node http-proxy-3-server.ts PORT ORIGIN_PORT LOG_FILE`.
 */
import { createWriteStream } from 'node:fs'
import http from 'node:http'
import { createProxyServer } from 'http-proxy-3'

const [port, originPort, logFile] = process.argv.slice(2)
const log = createWriteStream(logFile!, { flags: 'a' })
let batch = ''
const flush = (): void => {
  if (batch !== '') log.write(batch)
  batch = ''
}
setInterval(flush, 1000)

let started = 0
const record = (request: http.IncomingMessage, response: http.ServerResponse, from: number, id: string): void => {
  const line = {
    time: new Date().toISOString(),
    client_ip: request.socket.remoteAddress,
    method: request.method,
    uri: request.url,
    protocol: `HTTP/${request.httpVersion}`,
    status: response.statusCode,
    body_bytes_sent: response.getHeader('content-length'),
    request_id: id,
    request_time: (performance.now() - from) / 1000,
    referer: request.headers.referer,
    user_agent: request.headers['user-agent'],
  }
  batch += `${JSON.stringify(line)}\n`
  if (batch.length > 65_536) flush()
}

const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 512, timeout: 600_000 })
const proxy = createProxyServer({ target: `http://127.0.0.1:${originPort}`, xfwd: true, ws: true, agent })
// An origin or a client that goes away is part of the load, not the end of the proxy.
proxy.on('error', (_error, _request, to) => void to?.destroy())

const server = http.createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const from = performance.now()
  const id = `bench-${started++}`
  request.headers['x-request-id'] = id
  response.once('finish', () => record(request, response, from, id))
  proxy.web(request, response)
})
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
