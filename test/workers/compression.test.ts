import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compression } from '../../src/config/schema/compression.ts'
import { ask, makeDirectory, staticConfig } from './files/site.ts'
import { startSite } from './harness.ts'

const page = '<p>A line of text, again and again.</p>\n'.repeat(200)

type Reply = (response: ServerResponse) => void

const send =
  (headers: Record<string, string>, body = page): Reply =>
  (response) =>
    void response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': String(Buffer.byteLength(body)), ...headers }).end(body)

const start = async (reply: Reply, settings: object | string = 'true', server: object = {}) => {
  const app = createServer((_, response) => reply(response))
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  const { port } = app.address() as AddressInfo
  const site = await startSite({
    server: { compression: compression.parse(settings), ...server },
    tenants: [{ name: 'app', path: '/', port }],
  })
  return {
    port: site.port,
    get: (headers: Record<string, string> = {}, method = 'GET') => ask(site.port, { path: '/', headers, method }),
    async [Symbol.asyncDispose]() {
      await site.stop()
      app.close()
      app.closeAllConnections()
    },
  }
}

const all = { 'accept-encoding': 'gzip, br, zstd' }

describe('an answer of text', () => {
  test.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ] as const)('is compressed by %s for who takes only that', async (coding, decompress) => {
    await using it = await start(send({ ETag: '"tag"', Vary: 'Cookie', 'Accept-Ranges': 'bytes' }))
    const { headers, body } = await it.get({ 'accept-encoding': coding })
    expect(decompress(body).toString()).toBe(page)
    expect(headers).toMatchObject({ 'content-encoding': coding, vary: 'Accept-Encoding, Cookie', etag: 'W/"tag"' })
    expect([headers['content-length'], headers['accept-ranges']]).toEqual([undefined, undefined])
  })

  test('is compressed by what the client likes best', async () => {
    await using it = await start(send({}))
    expect((await it.get(all)).headers['content-encoding']).toBe('zstd')
    expect((await it.get({ 'accept-encoding': 'gzip, zstd;q=0.5' })).headers['content-encoding']).toBe('gzip')
  })

  test('comes as the app sends it, part by part', async () => {
    const responses: ServerResponse[] = []
    await using it = await start((response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).write('first')
      responses.push(response)
    })
    const answer = await fetch(`http://127.0.0.1:${it.port}/`, { headers: all })
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toBe('first')
    responses[0]!.end('last')
    expect((await reader.read()).value).toBe('last')
  })

  test('broken off by the app is broken off to the client', async () => {
    await using it = await start((response) => {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': '1000000' }).write(page)
      setImmediate(() => response.socket!.destroy())
    })
    await expect(it.get(all)).rejects.toThrow()
  })
})

describe('an answer is left as it is', () => {
  test.each<[string, Reply, Record<string, string>?]>([
    ['to who takes no coding', send({}), {}],
    ['to who sends a cookie', send({}), { ...all, cookie: 'session=1' }],
    ['to who sends credentials', send({}), { ...all, authorization: 'Basic YTpi' }],
    ['when it is short', send({}, 'short')],
    ['when it is an image', send({ 'Content-Type': 'image/png' })],
    ['when it is an event stream', send({ 'Content-Type': 'text/event-stream; charset=utf-8' })],
    ['when it is encoded already', send({ 'Content-Encoding': 'identity' })],
    ['when it must not be transformed', send({ 'Cache-Control': 'no-transform, max-age=1' })],
    ['when it has no type', (response) => void response.writeHead(200).end(page)],
    [
      'when it is a part',
      (response) => void response.writeHead(206, { 'Content-Type': 'text/html', 'Content-Range': 'bytes 0-9/10' }).end(page),
    ],
  ])('%s', async (_, reply, headers = all) => {
    await using it = await start(reply)
    const answer = await it.get(headers)
    expect(['gzip', 'br', 'zstd']).not.toContain(answer.headers['content-encoding'])
    expect(['short', page]).toContain(answer.text)
  })

  test('to a POST', async () => {
    await using it = await start(send({}))
    expect((await it.get(all, 'POST')).headers['content-encoding']).toBeUndefined()
  })

  test('with compression disabled, and by default', async () => {
    await using disabled = await start(send({}), 'true', { disable_compression: true })
    await using off = await start(send({}), 'false')
    await using unsaid = await start(send({}), 'true', { compression: undefined })
    for (const it of [disabled, off, unsaid]) expect((await it.get(all)).headers['content-encoding']).toBeUndefined()
  })
})

test('answers to requests with cookies are compressed where the configuration says so', async () => {
  await using it = await start(send({}), { with_credentials: 'true' })
  expect((await it.get({ ...all, cookie: 'session=1' })).headers['content-encoding']).toBe('zstd')
})

test('only the types and sizes of the configuration are compressed', async () => {
  await using it = await start(send({ 'Content-Type': 'application/json' }, 'x'.repeat(2_000)), { types: ['*/json'], minimum_size: '2000' })
  await using other = await start(send({}, 'x'.repeat(2_000)), { minimum_size: '2001' })
  expect((await it.get(all)).headers['content-encoding']).toBe('zstd')
  expect((await other.get(all)).headers['content-encoding']).toBeUndefined()
})

describe('a file without compressed ones beside it', () => {
  const serve = async (files: Record<string, string | Buffer>) => {
    const directory = makeDirectory(files)
    const site = await startSite({
      server: { compression: compression.parse('true'), static: staticConfig({ public_dir: directory.path }) },
    })
    return {
      get: (path: string, headers: Record<string, string> = {}) => ask(site.port, { path, headers, method: 'GET' }),
      async [Symbol.asyncDispose]() {
        await site.stop()
        directory[Symbol.dispose]()
      },
    }
  }

  test.each([{}, { expect: '100-continue' }])('is compressed once, whoever asks, with an entity tag of its own (%j)', async (lane) => {
    await using it = await serve({ 'a.html': page })
    const plain = await it.get('/a.html', lane)
    const { headers, body } = await it.get('/a.html', { ...all, ...lane, cookie: 'session=1' })
    expect(zstdDecompressSync(body).toString()).toBe(page)
    expect(headers).toMatchObject({ 'content-encoding': 'zstd', vary: 'Accept-Encoding', 'content-length': String(body.length) })
    expect([plain.text, plain.headers['vary']]).toEqual([page, 'Accept-Encoding'])
    expect(headers['etag']).not.toBe(plain.headers['etag'])
    const part = await it.get('/a.html', { ...all, ...lane, range: 'bytes=4-9' })
    expect(part.body.equals(body.subarray(4, 10))).toBe(true)
    expect((await it.get('/a.html', { ...all, ...lane, 'if-none-match': headers['etag']! })).status).toBe(304)
    expect((await it.get('/a.html', { ...all, ...lane, 'if-none-match': plain.headers['etag']! })).status).toBe(200)
  })

  test('is left as it is when it is short, no text, large, or gets no shorter', async () => {
    const noise = randomBytes(4_000)
    await using it = await serve({ 'short.html': 'short', 'a.png': page, 'large.html': page.repeat(100), 'noise.txt': noise })
    for (const path of ['/short.html', '/a.png', '/large.html', '/noise.txt'])
      expect((await it.get(path, all)).headers['content-encoding'], path).toBeUndefined()
  })
})
