import { describe, expect, test } from 'vitest'
import { ask, dial, startApp, startMirror, startRaw, startSite, talk } from './harness.ts'

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

  test('with a 101 nobody asked for and a reset right behind it does not end the worker', async () => {
    await using app = await startRaw((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', () => socket.resetAndDestroy())
      }),
    )
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    for (let i = 0; i < 20; i++) expect((await ask(site, '/boston/')).status).toBe(502)
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
