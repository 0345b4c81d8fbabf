import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ask, dial, findFreePort, mirrored, startApp, startMirror, startSite } from './harness.ts'

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
    // The underscore leaves them to the full lane, which carries them at once; the fast lane takes them in turn.
    wire.write('GET /boston/1 HTTP/1.1\r\nHost: x\r\nx_y: z\r\n\r\nGET /boston/2 HTTP/1.1\r\nHost: x\r\n\r\n')
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
