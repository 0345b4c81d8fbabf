import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ask, bodyOf, dial, mirrored, startApp, startMirror, startSite, talk } from './harness.ts'

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
