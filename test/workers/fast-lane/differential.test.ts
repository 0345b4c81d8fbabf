/** Both lanes tell the upstream the same, and the client the same: a request may come in on either. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Scene, startScene, startUpstream, talk, type Upstream } from './scene.ts'

let upstream: Upstream
let fast: Scene
let full: Scene

beforeAll(async () => {
  upstream = await startUpstream()
  fast = await startScene(upstream.port)
  full = await startScene(upstream.port, { fullLaneOnly: true })
})

afterAll(async () => {
  await fast.close()
  await full.close()
  await upstream.close()
})

type Message = { start: string; fields: string[]; body: string }

/** Of one hop only, or new with each message. */
const INCOMPARABLE = new Set(['connection', 'keep-alive', 'date', 'x-request-id'])

const CHUNKED = 'transfer-encoding: chunked'

/** What a message says, whatever the case and order of its fields (those of one name keep theirs). */
const normalise = (text: string): Message => {
  const [head, ...rest] = text.split('\r\n\r\n')
  const [first, ...lines] = head!.split('\r\n')
  // http-proxy-3 leaves an empty query out.
  const start = first!.replace('? HTTP', ' HTTP')
  const fields = lines
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
    .filter(([name]) => !INCOMPARABLE.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}: ${value}`)
  const body = rest.join('\r\n\r\n')
  if (!fields.includes(CHUNKED)) return { start, fields, body }
  // Chunks may be cut anew, and what ends with the connection here may come in chunks there.
  const octets = body.replace(/[0-9a-f]+\r\n/g, '').replaceAll('\r\n', '')
  return { start, fields: fields.filter((field) => field !== CHUNKED), body: octets }
}

const isWhole = (text: string): boolean => {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /content-length: *(\d+)/i.exec(text.slice(0, end))
  return text.length - end - 4 >= Number(length?.[1] ?? 0)
}

const carry = async (scene: Scene, request: string, response: string): Promise<{ asked: Message; answered: Message }> => {
  let asked = ''
  upstream.script = (socket, text) => {
    asked += text
    if (isWhole(asked)) socket.end(response, 'latin1')
  }
  const client = await talk(scene.port)
  client.socket.write(request, 'latin1')
  await client.closed
  return { asked: normalise(asked), answered: normalise(client.read) }
}

const name = fc.constantFrom(
  'Accept',
  'X-A',
  'x-b',
  'Cookie',
  'Authorization',
  'User-Agent',
  'Referer',
  'Accept-Language',
  'If-None-Match',
  'Content-Type',
)
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
const hop = fc.constantFrom(
  'Keep-Alive: 5',
  'TE: trailers',
  'Proxy-Connection: x',
  'Proxy-Authorization: x',
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil',
  'X-Forwarded-Port: 1',
  'Forwarded: for=x',
  'X-Real-IP: 1.2.3.4',
)

const request = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
    target: fc.stringMatching(/^\/([a-z0-9]{1,6}(\/[a-z0-9]{1,4}){0,2}\/?)?(\?[a-z0-9=&/?%[\]]{0,10})?$/),
    fields: fc.uniqueArray(fc.tuple(name, value), { maxLength: 8, selector: ([header]) => header }),
    repeated: fc.array(value, { maxLength: 3 }),
    hops: fc.uniqueArray(hop, { maxLength: 4 }),
    body: fc.option(fc.stringMatching(/^[ -~\r\n]{0,200}$/), { nil: undefined }),
  })
  .map(({ method, target, fields, repeated, hops, body }) => {
    const lines = [...fields.map(([header, text]) => `${header}: ${text}`), ...repeated.map((text) => `X-Repeated: ${text}`), ...hops]
    const length = body === undefined ? [] : [`Content-Length: ${body.length}`]
    return [`${method} ${target} HTTP/1.1`, 'Host: example.org:80', ...lines, ...length, 'Connection: close', '', body ?? ''].join('\r\n')
  })

const response = fc
  .record({
    status: fc.constantFrom(
      '200 OK',
      '201 Created',
      '302 Found',
      '404 Not Found',
      '500 Internal Server Error',
      '304 Not Modified',
      '204 No Content',
    ),
    fields: fc.array(fc.tuple(fc.constantFrom('Set-Cookie', 'X-A', 'ETag', 'Location', 'Server', 'Content-Type'), value), { maxLength: 5 }),
    framing: fc.constantFrom('length', 'chunked', 'close'),
    body: fc.stringMatching(/^[g-z]{0,100}$/),
  })
  .map(({ status, fields, framing, body }) => {
    const isBodyless = /^[23]04/.test(status) && framing !== 'length'
    const lines = fields.map(([header, text]) => `${header}: ${text}`)
    if (/^[23]04/.test(status)) return [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n')
    if (framing === 'close' || isBodyless) return [`HTTP/1.1 ${status}`, ...lines, 'Connection: close', '', body].join('\r\n')
    if (framing === 'length') return [`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n')
    const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`
    return [`HTTP/1.1 ${status}`, ...lines, 'Transfer-Encoding: chunked', '', `${chunk}0\r\n\r\n`].join('\r\n')
  })

describe('the lanes', () => {
  test('say the same to upstream and client', async () => {
    await fc.assert(
      fc.asyncProperty(request, response, async (asks, answers) => {
        const isHead = asks.startsWith('HEAD')
        const answer = isHead ? answers.slice(0, answers.indexOf('\r\n\r\n') + 4) : answers
        expect(await carry(fast, asks, answer)).toEqual(await carry(full, asks, answer))
      }),
      { numRuns: 300 },
    )
    expect(fast.handedOver).toBe(0)
  })
})
