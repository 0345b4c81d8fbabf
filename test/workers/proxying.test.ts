import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ask, dial, findFreePort, startApp, startRaw, startSite, talk } from './harness.ts'

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Answers with what it was asked, as JSON. */
const startMirror = () =>
  startApp(async (incoming, response) => {
    const body = await bodyOf(incoming)
    const { method, url, headers, rawHeaders, trailers } = incoming
    response.end(JSON.stringify({ method, url, headers, rawHeaders, trailers, body: body.toString('latin1') }))
  })

const mirrored = (body: string) => JSON.parse(body)

describe('a request to a tenant', () => {
  test('arrives with its method, path, query and body as they were sent', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const path = '/boston/a//b/../c%2Fd%20e;x?q=1?2&r=%00'
    const { body } = await ask(site, path, { method: 'PATCH', body: 'hello' })
    expect(mirrored(body)).toMatchObject({ method: 'PATCH', url: path, body: 'hello' })
  })

  test('keeps its Host and says where it came from', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const { body } = await ask(site, '/boston/', { headers: { host: 'example.org', 'x-request-id': 'abc-1' } })
    expect(mirrored(body).headers).toMatchObject({
      host: 'example.org',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'example.org',
      'x-request-id': 'abc-1',
    })
  })

  test('loses what an untrusted client claims about its way here', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const claims = {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-forwarded-ssl': 'on',
      forwarded: 'for=6',
      x_forwarded_for: '6.6.6.6',
    }
    const { body } = await ask(site, '/boston/', { headers: { ...claims, api_key: 'kept' } })
    const { headers } = mirrored(body)
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', api_key: 'kept' })
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['forwarded']))
    expect(headers).not.toHaveProperty('x_forwarded_for')
    expect(headers).not.toHaveProperty('x-forwarded-ssl')
  })

  test('keeps the claims of a trusted proxy and appends its address', async () => {
    await using app = await startMirror()
    await using site = await startSite({ server: { trust_proxy: true }, tenants: [{ name: 'boston', port: app.port }] })
    const claims = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.example' }
    const { body } = await ask(site, '/boston/', { headers: claims })
    expect(mirrored(body).headers).toMatchObject({ ...claims, 'x-forwarded-for': '1.2.3.4, 127.0.0.1' })
    expect(await site.line(() => true)).toMatchObject({ client_ip: '1.2.3.4' })
  })

  test('loses fields that concern one connection only, and those Connection names', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const hop = { te: 'trailers', 'keep-alive': 'x', 'proxy-authorization': 'x', 'proxy-connection': 'x', 'x-secret': 'x' }
    const { body } = await ask(site, '/boston/', { headers: { ...hop, connection: 'keep-alive, X-Secret', upgrade: 'h2c' } })
    for (const name of [...Object.keys(hop), 'upgrade']) expect(mirrored(body).headers).not.toHaveProperty(name)
  })

  test('gets an id of 32 hexadecimal digits when its own is missing or unreadable', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const ids = await Promise.all(
      [{}, { 'x-request-id': 'x'.repeat(201) }, { 'x-request-id': 'a b' }].map(async (headers) => {
        const { body } = await ask(site, '/boston/', { headers })
        return mirrored(body).headers['x-request-id'] as string
      }),
    )
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(ids).size).toBe(3)
  })

  test('streams its body: the first bytes arrive before the last are sent', async () => {
    const heads = Promise.withResolvers<IncomingMessage>()
    await using app = await startApp((incoming, response) => {
      heads.resolve(incoming)
      incoming.once('end', () => response.end('done'))
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const upload = request({ port: site.port, host: '127.0.0.1', path: '/boston/', method: 'POST', agent: false })
    upload.write('first')
    const incoming = await heads.promise
    const [chunk] = await once(incoming, 'data')
    expect(chunk.toString()).toBe('first')
    upload.end('last')
    const [response] = (await once(upload, 'response')) as [IncomingMessage]
    expect((await bodyOf(response)).toString()).toBe('done')
  })

  test('arrives whole when it is large, whether its length is known or not', async () => {
    await using app = await startApp(async (incoming, response) => {
      response.end(
        createHash('sha1')
          .update(await bodyOf(incoming))
          .digest('hex'),
      )
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const body = randomBytes(3_000_000)
    const wanted = createHash('sha1').update(body).digest('hex')
    for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
      const reply = await ask(site, '/boston/', { method: 'PUT', headers, body })
      expect(reply.body).toBe(wanted)
    }
  })

  test.each(['DELETE', 'OPTIONS', 'GET'])('keeps the chunked body of a %s framed', async (method) => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const body = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const reply = await ask(site, '/boston/', { method, headers: { 'transfer-encoding': 'chunked' }, body })
    expect(mirrored(reply.body)).toMatchObject({ method, body })
    expect(mirrored(reply.body).headers).not.toHaveProperty('content-length')
  })

  test('is sent with a length of 0 when it is a POST without a body', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(site, 'POST /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(text).toContain('"content-length":"0"')
  })

  test('passes on its trailers', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(
      site,
      'POST /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n',
    )
    expect(text).toContain('"trailers":{"x-sum":"1"}')
  })

  test('in absolute form goes by the host of its target', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(site, 'GET http://real.example/boston/?x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n')
    expect(text).toContain('"url":"/boston/?x"')
    expect(text).toContain('"host":"real.example"')
  })

  test('that expects to be told so sends its body once somebody is there to take it', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write('POST /boston/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n')
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n')
    wire.write('hi')
    const text = await wire.rest()
    expect(text).toContain('"body":"hi"')
    expect(text).not.toContain('"expect"')
  })

  test('that expects to be told so is not asked for a body that nobody takes', async () => {
    await using site = await startSite()
    const text = await talk(site, 'POST /nobody/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 404 /)
  })
})

describe('a response of a tenant', () => {
  test('streams: head and each event of an event stream come at once', async () => {
    const begun = Promise.withResolvers<import('node:http').ServerResponse>()
    await using app = await startApp((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      begun.resolve(response)
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write('GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await wire.until('text/event-stream')
    const response = await begun.promise
    response.write('data: 1\n\n')
    await wire.until('data: 1')
    response.end('data: 2\n\n')
    await wire.until('data: 2\n\n\r\n0\r\n\r\n')
    wire.socket.destroy()
  })

  test('comes with its fields in their order and number, but for those of its connection', async () => {
    await using app = await startRaw((socket) => {
      socket.once('data', () =>
        socket.end(
          'HTTP/1.1 201 Made It\r\nX-B: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-A: 2\r\nKeep-Alive: timeout=9\r\n' +
            'Connection: close, X-Gone\r\nX-Gone: 1\r\nDate: then\r\nContent-Length: 2\r\n\r\nok',
        ),
      )
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(site, 'GET /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(text).toBe(
      'HTTP/1.1 201 Made It\r\nX-B: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-A: 2\r\nDate: then\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    )
  })

  test('passes on its trailers', async () => {
    await using app = await startApp((_, response) => {
      response.writeHead(200, { trailer: 'X-Sum' })
      response.write('body')
      response.addTrailers({ 'X-Sum': '42' })
      response.end()
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    expect((await ask(site, '/boston/')).trailers).toEqual({ 'x-sum': '42' })
  })

  test('passes on early hints', async () => {
    await using app = await startApp((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.end('late')
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(site, 'GET /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1.1 200 OK\r\n/i)
  })

  test('to HEAD keeps its length and has no body', async () => {
    await using app = await startApp((_, response) => response.setHeader('content-length', 1234).end())
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const reply = await ask(site, '/boston/', { method: 'HEAD' })
    expect(reply).toMatchObject({ status: 200, body: '' })
    expect(reply.headers['content-length']).toBe('1234')
  })

  test('that is cut short ends the connection of the client', async () => {
    for (const head of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      await using app = await startRaw((socket) => {
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\nhello\r\n`))
      })
      await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
      await expect(ask(site, '/boston/')).rejects.toThrow('aborted')
      expect(await site.line(() => true)).toMatchObject({ status: 200, response_type: 'error' })
    }
  })

  test('waits for a slow client instead of filling the memory', async () => {
    let sent = 0
    const body = Buffer.alloc(64 * 1024)
    const stalled = Promise.withResolvers<void>()
    await using app = await startApp((_, response) => {
      const more = (): void => {
        while (sent < 200 * 1024 * 1024 && response.write(body)) sent += body.length
        if (response.writableNeedDrain) setTimeout(() => stalled.resolve(), 300)
      }
      response.on('drain', more)
      more()
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.socket.pause()
    wire.write('GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await stalled.promise
    expect(sent).toBeLessThan(50 * 1024 * 1024)
    wire.socket.destroy()
  })

  test.each([
    ['a status line that is none', 'HTTP/1.1 abc\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n'],
    ['a status above 599', 'HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n'],
    ['a 101 nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['no HTTP at all', 'hello there\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a control character in a field', 'HTTP/1.1 200 OK\r\nX-A: a\x7fb\r\nContent-Length: 0\r\n\r\n'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a chunk size beyond all numbers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n'],
  ])('with %s is a 502 or an aborted one, and the worker goes on', async (_, bytes) => {
    await using bad = await startRaw((socket) => void socket.once('data', () => socket.end(bytes, 'latin1')))
    await using good = await startMirror()
    await using site = await startSite({
      tenants: [
        { name: 'bad', port: bad.port },
        { name: 'good', port: good.port },
      ],
    })
    const outcome = await ask(site, '/bad/').then(
      ({ status }) => status,
      (error: Error) => error.message,
    )
    expect([502, 'aborted', 'socket hang up']).toContain(outcome)
    expect((await ask(site, '/good/')).status).toBe(200)
    expect(site.traffic('bad').inFlight).toBe(0)
  })

  test('with surplus bytes is passed on without them, and they answer no other request', async () => {
    await using app = await startRaw((socket) =>
      socket.on('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'),
      ),
    )
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    for (let i = 0; i < 3; i++) expect((await ask(site, '/boston/')).body).toBe('ok')
  })
})

describe('when things go wrong', () => {
  test('a client that goes away takes its upstream request with it and is logged as 499', async () => {
    const aborted = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    await using app = await startApp((incoming) => {
      arrived.resolve()
      incoming.socket.once('close', () => aborted.resolve())
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write('GET /boston/slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await arrived.promise
    expect(site.traffic('boston').inFlight).toBe(1)
    wire.socket.destroy()
    await aborted.promise
    expect(await site.line(() => true)).toMatchObject({ status: 499, response_type: 'client_closed', uri: '/boston/slow' })
    expect(site.traffic('boston')).toMatchObject({ inFlight: 0, started: 1 })
  })

  test('pipelined requests of a client that goes away all leave', async () => {
    let arrived = 0
    const both = Promise.withResolvers<void>()
    await using app = await startApp(() => {
      arrived += 1
      if (arrived === 2) both.resolve()
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write('GET /boston/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /boston/2 HTTP/1.1\r\nHost: x\r\n\r\n')
    await both.promise
    wire.socket.destroy()
    await site.line(({ uri }) => uri === '/boston/1')
    await site.line(({ uri }) => uri === '/boston/2')
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('a reset before any response is retried once, silently, when that does no harm', async () => {
    let tries = 0
    await using app = await startApp((incoming, response) => {
      tries += 1
      if (tries === 1) incoming.socket.resetAndDestroy()
      else response.end('second')
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    expect(await ask(site, '/boston/')).toMatchObject({ status: 200, body: 'second' })
    tries = 0
    expect(await ask(site, '/boston/', { method: 'POST', body: 'x' })).toMatchObject({ status: 502 })
    expect(tries).toBe(1)
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('a kept connection that the tenant has just closed is never seen by a client', async () => {
    await using app = await startApp((incoming, response) => {
      response.end('ok', () => setImmediate().then(() => incoming.socket.destroy()))
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    for (let i = 0; i < 50; i++) {
      const options = i % 2 === 0 ? {} : { method: 'POST', body: 'x' }
      expect((await ask(site, '/boston/', options)).status).toBe(200)
    }
  })

  test('a tenant that refuses the connection is reported, and tried again where it has moved to', async () => {
    await using app = await startMirror()
    await using site = await startSite({ tenants: [{ name: 'boston', port: await findFreePort() }] })
    const reply = ask(site, '/boston/', { method: 'POST', body: 'kept' })
    const refused = await site.message('tenant.refused')
    expect(refused.tenant).toBe('boston')
    site.sleep('boston')
    await site.message('tenant.requested')
    site.wake('boston', app.port)
    expect(mirrored((await reply).body)).toMatchObject({ body: 'kept' })
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('a tenant that goes on refusing is a 502', async () => {
    await using site = await startSite({ tenants: [{ name: 'boston', port: await findFreePort() }] })
    expect((await ask(site, '/boston/')).status).toBe(502)
    expect(await site.line(() => true)).toMatchObject({
      status: 502,
      response_type: 'error',
      tenant: 'boston',
      proxy_backend: 'tenant:boston',
    })
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('a tenant that is silent for too long is a 504', async () => {
    await using app = await startApp(() => {})
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }], timeouts: { response: 50 } })
    expect((await ask(site, '/boston/')).status).toBe(504)
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('a response that has begun may take longer than the limit on silence', async () => {
    await using app = await startApp((_, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 150)
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }], timeouts: { response: 50 } })
    expect((await ask(site, '/boston/')).body).toBe('ab')
  })

  test('errors carry the request id in the form the client reads', async () => {
    await using site = await startSite()
    const read = async (accept: string) => ask(site, '/nowhere', { headers: { accept, 'x-request-id': 'find-me' } })
    const html = await read('text/html,*/*')
    expect(html.headers['content-type']).toContain('text/html')
    expect(html.body).toContain('find-me')
    expect(JSON.parse((await read('application/json')).body)).toMatchObject({ error: { status: 404, request_id: 'find-me' } })
    const text = await read('*/*')
    expect(text.headers['content-type']).toContain('text/plain')
    expect(text.body).toContain('find-me')
  })
})
