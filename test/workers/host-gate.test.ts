import { describe, expect, test } from 'vitest'
import { ask, dial, startApp, startSite } from './harness.ts'

const nobody = { open: 0, begun: 0, sockets: 0 }

/** Both lanes: the fast one leaves chunked uploads to the full one. */
const kinds = [
  ['plain', { method: 'GET' }],
  ['chunked', { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'abc' }],
] as const

describe('the gate of the machine', () => {
  test.each(kinds)('holds a %s request until it opens, and says that somebody waits', async (_, options) => {
    await using app = await startApp((_request, response) => response.end('hello'))
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port }] })
    site.host.close()
    let isDone = false
    const asking = ask(site, '/', options).finally(() => {
      isDone = true
    })
    await site.message('host.requested')
    expect([isDone, site.host.read()]).toEqual([false, nobody])
    site.host.open()
    site.send({ type: 'host.opened' })
    expect(await asking).toMatchObject({ status: 200, body: 'hello' })
  })

  test.each(kinds)('lets go of a held client that leaves, of a %s request', async (_, options) => {
    await using app = await startApp((_request, response) => response.end('hello'))
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port }] })
    site.host.close()
    const leaving = new AbortController()
    const asking = ask(site, '/', { ...options, signal: leaving.signal }).catch((error: Error) => error.name)
    await site.message('host.requested')
    leaving.abort()
    expect(await asking).toBe('AbortError')
    site.host.open()
    site.send({ type: 'host.opened' })
    expect((await ask(site, '/')).status).toBe(200)
    expect(site.host.read()).toMatchObject({ open: 0 })
  })

  test.each(kinds)('counts a %s request from its beginning to its end', async (_, options) => {
    const arrived = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    await using app = await startApp(async (_request, response) => {
      arrived.resolve()
      await go.promise
      response.end('late')
    })
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port }] })
    const asking = ask(site, '/', options)
    await arrived.promise
    expect(site.host.read()).toMatchObject({ open: 1, sockets: 0 })
    go.resolve()
    await asking
    await expect.poll(() => site.host.read()).toMatchObject({ open: 0, begun: expect.any(Number) })
    expect(site.host.read().begun).toBeGreaterThan(0)
  })

  test('counts what navigator answers itself, but neither counts nor holds a health check', async () => {
    await using site = await startSite({ server: { health_check: { path: '/up', response: { status: 200, body: 'OK', headers: {} } } } })
    expect((await ask(site, '/nothing')).status).toBe(404)
    expect(site.host.read()).toEqual({ open: 0, begun: 1, sockets: 0 })
    site.host.close()
    expect((await ask(site, '/up')).status).toBe(200)
    expect(site.host.read()).toEqual({ open: 0, begun: 1, sockets: 0 })
  })

  test('counts an open WebSocket apart from requests', async () => {
    await using app = await startApp(() => {})
    app.server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n')
      socket
        .on('error', () => {})
        .on('end', () => socket.end())
        .resume()
    })
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port, track_websockets: false }] })
    const wire = await dial(site.port)
    wire.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    await wire.until('101')
    await expect.poll(() => site.host.read()).toMatchObject({ open: 0, sockets: 1 })
    wire.socket.destroy()
    await expect.poll(() => site.host.read()).toMatchObject({ open: 0, sockets: 0 })
  })

  test('counts an open cable socket apart from requests', async () => {
    await using site = await startSite({ cable: {} })
    const wire = await dial(site.port)
    wire.write(
      'GET /cable HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    await wire.until('101')
    await expect.poll(() => site.host.read()).toMatchObject({ open: 0, sockets: 1 })
    wire.socket.destroy()
    await expect.poll(() => site.host.read()).toMatchObject({ open: 0, sockets: 0 })
  })

  test('has connections from before a freeze dropped by the first request after it', async () => {
    await using app = await startApp((_request, response) => response.end('hello'))
    let connections = 0
    app.server.on('connection', () => connections++)
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port }] })
    await ask(site, '/')
    await ask(site, '/')
    expect(connections).toBe(1)
    site.host.renew()
    await ask(site, '/')
    await ask(site, '/')
    expect(connections).toBe(2)
  })
})
