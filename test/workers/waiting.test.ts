import { describe, expect, test } from 'vitest'
import { ask, dial, snapshotOf, startApp, startSite, talk } from './harness.ts'

const BROWSER = { headers: { accept: 'text/html,application/xhtml+xml' } }
const startHello = () => startApp((_, response) => response.end('hello'))

describe('a request for a sleeping tenant', () => {
  test('asks for it to be woken, and is let go when it is ready', async () => {
    await using app = await startHello()
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const reply = ask(site, '/boston/')
    expect(await site.message('tenant.requested')).toEqual({ type: 'tenant.requested', tenant: 'boston' })
    site.wake('boston', app.port)
    expect(await reply).toMatchObject({ status: 200, body: 'hello' })
  })

  test('asks again each second while somebody waits, and no longer', async () => {
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const wire = await dial(site.port)
    wire.write('GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await site.message('tenant.requested')
    const before = performance.now()
    await site.message('tenant.requested')
    expect(performance.now() - before).toBeGreaterThan(900)
    wire.socket.destroy()
    expect(await site.line(() => true)).toMatchObject({ status: 499 })
  })

  test('asks at each move of the tenant while it still waits', async () => {
    await using app = await startHello()
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const reply = ask(site, '/boston/')
    await site.message('tenant.requested')
    const before = performance.now()
    site.send({ type: 'tenant.moved', standing: { name: 'boston', state: 'stopping' } })
    await site.message('tenant.requested')
    expect(performance.now() - before).toBeLessThan(700)
    site.wake('boston', app.port)
    expect((await reply).status).toBe(200)
  })

  test('shares its start with the others: all are let go', async () => {
    await using app = await startHello()
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const replies = Array.from({ length: 50 }, () => ask(site, '/boston/'))
    await site.message('tenant.requested')
    site.wake('boston', app.port)
    for (const reply of await Promise.all(replies)) expect(reply.status).toBe(200)
    expect(site.messages.filter(({ type }) => type === 'tenant.requested')).toHaveLength(1)
    expect(site.traffic('boston')).toEqual({ inFlight: 0, started: 50, sockets: 0 })
  })

  test('is not delayed by another tenant that does not start', async () => {
    await using app = await startHello()
    await using site = await startSite({ tenants: [{ name: 'stuck' }, { name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write('GET /stuck/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await site.message('tenant.requested')
    expect((await ask(site, '/boston/')).status).toBe(200)
    wire.socket.destroy()
  })

  test('of a browser gets the maintenance page past startup_timeout', async () => {
    await using site = await startSite({ tenants: [{ name: 'boston', startup_timeout: 300 }] })
    const before = performance.now()
    const page = await ask(site, '/boston/', BROWSER)
    expect(performance.now() - before).toBeLessThan(900)
    expect(page.status).toBe(503)
    expect(page.headers).toMatchObject({
      'retry-after': '5',
      'cache-control': 'no-cache, no-store, must-revalidate',
      pragma: 'no-cache',
      expires: '0',
      'content-type': 'text/html; charset=utf-8',
    })
    expect(page.body).toContain('http-equiv="refresh"')
    expect(await site.line(() => true)).toMatchObject({ status: 503, response_type: 'maintenance', tenant: 'boston' })
  })

  test.each([
    ['an API client', { headers: { accept: 'application/json' } }],
    ['a POST', { method: 'POST', headers: { accept: 'text/html' } }],
    ['a script', { headers: { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' } }],
    ['a fetch', { headers: { accept: 'text/html', 'sec-fetch-mode': 'cors' } }],
  ])('of %s waits on past startup_timeout, until queue.timeout', async (_, options) => {
    await using site = await startSite({ tenants: [{ name: 'boston', startup_timeout: 1 }], queue: { timeout: 600 } })
    const before = performance.now()
    const reply = await ask(site, '/boston/', options)
    expect(performance.now() - before).toBeGreaterThan(590)
    expect(reply).toMatchObject({ status: 503 })
    expect(reply.body).toContain('in time')
  })

  test('is turned away when too many wait for that tenant', async () => {
    await using site = await startSite({ tenants: [{ name: 'boston' }], queue: { max_size: 1 } })
    const wire = await dial(site.port)
    wire.write('GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await site.message('tenant.requested')
    const reply = await ask(site, '/boston/')
    expect(reply.status).toBe(503)
    expect(reply.headers['retry-after']).toBe('5')
    wire.socket.destroy()
  })

  test('learns why the start failed, and when to try again', async () => {
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const failure = { reason: 'it exited with code 1', retryAt: Date.now() + 3_000 }
    const reply = ask(site, '/boston/')
    await site.message('tenant.requested')
    site.send({ type: 'tenant.moved', standing: { name: 'boston', state: 'crashed', failure } })
    for (const { status, headers, body } of [await reply, await ask(site, '/boston/')]) {
      expect(status).toBe(503)
      expect(headers['retry-after']).toMatch(/^[123]$/)
      expect(body).toContain('it exited with code 1')
    }
  })

  test('asks anew once the time to try again has come', async () => {
    await using app = await startHello()
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    site.send({ type: 'tenant.moved', standing: { name: 'boston', state: 'crashed', failure: { reason: 'x', retryAt: Date.now() - 1 } } })
    const reply = ask(site, '/boston/')
    await site.message('tenant.requested')
    site.wake('boston', app.port)
    expect((await reply).status).toBe(200)
  })

  test('goes in by itself when a stop was called off', async () => {
    await using app = await startHello()
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const ticket = site.wake('boston', app.port)
    site.gates.close(0)
    const reply = ask(site, '/boston/')
    await site.message('tenant.requested')
    site.gates.reopen(0, ticket)
    expect((await reply).status).toBe(200)
  })

  test('is told when a reload has removed the tenant', async () => {
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const reply = ask(site, '/boston/')
    await site.message('tenant.requested')
    site.send({ type: 'routing.published', snapshot: snapshotOf({}, 2) })
    expect(await reply).toMatchObject({ status: 503 })
    expect((await ask(site, '/boston/')).status).toBe(404)
  })
})

describe('draining', () => {
  test('lets requests end, tells their clients to close, and accepts no more', async () => {
    const arrived = Promise.withResolvers<import('node:http').ServerResponse>()
    await using app = await startApp((_, response) => arrived.resolve(response))
    const site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const idle = await dial(site.port)
    const text = talk(site, 'GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    const response = await arrived.promise
    const drained = site.drain(5_000)
    await idle.rest()
    await expect(ask(site, '/')).rejects.toThrow('ECONNREFUSED')
    response.end('done')
    expect(await text).toMatch(/done/)
    await drained
    expect(await site.line(() => true)).toMatchObject({ status: 200 })
  })

  test('cuts what is left when the grace is over', async () => {
    const arrived = Promise.withResolvers<void>()
    await using app = await startApp(() => arrived.resolve())
    const site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = talk(site, 'GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await arrived.promise
    await site.drain(50)
    expect(await text).toBe('')
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('goes on to its end when a client resets its connection meanwhile', async () => {
    const arrived = Promise.withResolvers<void>()
    await using app = await startApp(() => arrived.resolve())
    const site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write('GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await arrived.promise
    const drained = site.drain(5_000)
    wire.socket.resetAndDestroy()
    await expect(drained).resolves.toBeUndefined()
  })
})
