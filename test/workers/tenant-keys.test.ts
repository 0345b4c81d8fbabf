import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ask, startApp, startSite } from './harness.ts'

const telling = (name: string) => startApp((request, response) => response.end(JSON.stringify({ name, ...request.headers })))
const nameOf = async (answer: Promise<{ body: string }>) => JSON.parse((await answer).body).name

describe('a tenant', () => {
  test('gets the paths that fit its pattern, before those that only begin like theirs', async () => {
    await using cable = await telling('cable')
    await using web = await telling('web')
    await using site = await startSite({
      tenants: [
        { name: 'web', path: '/web/', port: web.port },
        { name: 'cable', path: '/cable/', match_pattern: '\\/cable$', port: cable.port },
        { name: 'elsewhere', path: '/elsewhere/', host: 'other.example', match_pattern: '^\\/web\\/x$' },
      ],
    })
    expect(await nameOf(ask(site, '/web/cable'))).toBe('cable')
    expect(await nameOf(ask(site, '/cable/below'))).toBe('cable')
    expect(await nameOf(ask(site, '/web/cable/below'))).toBe('web')
    expect(await nameOf(ask(site, '/web/x'))).toBe('web')
  })

  test('does not get the methods it excludes', async () => {
    await using app = await telling('app')
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', exclude_methods: ['DELETE'], port: app.port }] })
    expect((await ask(site, '/x', { method: 'DELETE' })).status).toBe(405)
    expect((await ask(site, '/x', { method: 'POST' })).status).toBe(200)
  })

  test('gets its headers in place of the client’s, with sockets too', async () => {
    await using app = await telling('app')
    const sockets = new WebSocketServer({ server: app.server })
    sockets.on('connection', (socket, request) => socket.send(String(request.headers['x-tenant'])))
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', headers: { 'X-Tenant': 'boston' }, port: app.port }] })
    const { body } = await ask(site, '/x', { headers: { 'x-tenant': 'seattle', 'x-other': 'kept' } })
    expect(JSON.parse(body)).toMatchObject({ 'x-tenant': 'boston', 'x-other': 'kept' })
    const socket = new WebSocket(`ws://127.0.0.1:${site.port}/x`, { headers: { 'x-tenant': 'seattle' } })
    expect(String((await once(socket, 'message'))[0])).toBe('boston')
    socket.terminate()
  })
})

describe('a server with allowed hosts', () => {
  const server = {
    allowed_hosts: ['app.example', '*.wild.example'],
    hostname: 'main.example',
    health_check: { path: '/up', response: { status: 200, body: 'OK', headers: {} } },
  }

  test.each([
    ['app.example', 200],
    ['App.Example:3000', 200],
    ['main.example', 200],
    ['a.wild.example', 200],
    ['tenant.example', 200],
    ['wild.example', 421],
    ['app.example.evil', 421],
    ['127.0.0.1', 421],
  ])('answers a request for %s with %i', async (host, status) => {
    await using app = await telling('app')
    const tenants = [
      { name: 'app', path: '/', port: app.port },
      { name: 'own', path: '/', host: 'tenant.example', port: app.port },
    ]
    await using site = await startSite({ server, tenants })
    expect((await ask(site, '/x', { headers: { host } })).status).toBe(status)
    expect((await ask(site, '/up', { headers: { host } })).status).toBe(200)
  })
})
