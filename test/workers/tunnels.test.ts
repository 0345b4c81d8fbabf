import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { dial, findFreePort, startApp, startRaw, startSite, talk } from './harness.ts'

const HANDSHAKE =
  'Host: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'

/** What comes to a handshake until `end`, whether or not the connection is kept. */
const shakeHands = async (port: number, end = 'request id'): Promise<string> => {
  const wire = await dial(port)
  wire.write(`GET /boston/ HTTP/1.1\r\n${HANDSHAKE}\r\n`)
  const text = await wire.until(end)
  wire.socket.destroy()
  return text
}

/** Sends each message back. */
const startEcho = async () => {
  const app = await startApp((_, response) => response.end('http'))
  const sockets = new WebSocketServer({ server: app.server })
  sockets.on('connection', (socket, request) => {
    socket.send(JSON.stringify({ url: request.url, headers: request.headers }))
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }))
  })
  return app
}

const open = async (port: number, path: string) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  const [greeting] = await once(socket, 'message')
  return { socket, greeting: JSON.parse(String(greeting)) }
}

describe('a WebSocket', () => {
  test('reaches its tenant with path and forwarding fields, and carries messages both ways', async () => {
    await using app = await startEcho()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const { socket, greeting } = await open(site.port, '/boston/cable?x=1')
    expect(greeting.url).toBe('/boston/cable?x=1')
    expect(greeting.headers).toMatchObject({ host: `127.0.0.1:${site.port}`, 'x-forwarded-for': '127.0.0.1' })
    const big = Buffer.alloc(300_000, 'x')
    socket.send(big)
    const [echo] = await once(socket, 'message')
    expect((echo as Buffer).equals(big)).toBe(true)
    socket.close(4001)
    expect((await once(socket, 'close'))[0]).toBe(4001)
  })

  test('counts as an open socket instead of a request in flight until it closes', async () => {
    await using app = await startEcho()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const { socket } = await open(site.port, '/boston/')
    expect(site.traffic('boston')).toEqual({ inFlight: 0, started: 1, sockets: 1 })
    socket.terminate()
    expect(await site.line(() => true)).toMatchObject({ status: 101, response_type: 'websocket', tenant: 'boston' })
    expect(site.traffic('boston')).toEqual({ inFlight: 0, started: 1, sockets: 0 })
  })

  test('does not keep a tenant awake that does not track them', async () => {
    await using app = await startEcho()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port, track_websockets: false }] })
    const { socket } = await open(site.port, '/boston/')
    expect(site.traffic('boston')).toEqual({ inFlight: 0, started: 1, sockets: 0 })
    socket.terminate()
    await site.line(() => true)
    expect(site.traffic('boston').sockets).toBe(0)
  })

  test('waits for a sleeping tenant', async () => {
    await using app = await startEcho()
    await using site = await startSite({ tenants: [{ name: 'boston' }] })
    const opening = open(site.port, '/boston/')
    await site.message('tenant.requested')
    site.wake('boston', app.port)
    const { socket } = await opening
    socket.terminate()
  })

  test('is tried again where a tenant that refused it has moved to', async () => {
    await using app = await startEcho()
    await using site = await startSite({ tenants: [{ name: 'boston', port: await findFreePort() }] })
    const opening = open(site.port, '/boston/')
    await site.message('tenant.refused')
    site.wake('boston', app.port)
    const { socket } = await opening
    socket.terminate()
  })

  test('that is refused gets the whole refusal', async () => {
    await using app = await startApp(() => {})
    app.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 401 No\r\nContent-Length: 4\r\nX-Why: you\r\n\r\nnope'))
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await shakeHands(site.port, 'nope')
    expect(text).toMatch(/^HTTP\/1.1 401 No\r\n[\s\S]*x-why: you[\s\S]*\r\n\r\nnope$/i)
    expect(await site.line(() => true)).toMatchObject({ status: 401, response_type: 'proxy' })
    expect(site.traffic('boston')).toMatchObject({ inFlight: 0, sockets: 0 })
  })

  test('whose refusal is cut short is closed', async () => {
    await using app = await startRaw(
      (socket) => void socket.once('data', () => socket.end('HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nnope')),
    )
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    expect(await talk(site, `GET /boston/ HTTP/1.1\r\n${HANDSHAKE}\r\n`)).toMatch(/nope$/)
    await site.line(() => true)
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('whose refusal never ends is left when the client leaves', async () => {
    await using app = await startRaw(
      (socket) => void socket.once('data', () => socket.write('HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nno')),
    )
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write(`GET /boston/ HTTP/1.1\r\n${HANDSHAKE}\r\n`)
    await wire.until('\r\n\r\nno')
    wire.socket.end()
    expect(await site.line(() => true)).toMatchObject({ status: 499 })
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test.each([
    ['nonsense', 'nonsense\r\n\r\n', 502],
    ['nothing', '', 502],
  ])('that gets %s from its tenant is a 502', async (_, bytes, status) => {
    await using app = await startRaw((socket) => void socket.once('data', () => socket.end(bytes)))
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    expect(await shakeHands(site.port)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(await site.line(() => true)).toMatchObject({ status, response_type: 'error' })
    expect(site.traffic('boston')).toMatchObject({ inFlight: 0, sockets: 0 })
  })

  test('that nobody answers is a 504', async () => {
    await using app = await startRaw(() => {})
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }], timeouts: { response: 50 } })
    expect(await shakeHands(site.port)).toMatch(/^HTTP\/1.1 504 /)
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('for no tenant is a 404', async () => {
    await using site = await startSite()
    expect(await shakeHands(site.port)).toMatch(/^HTTP\/1.1 404 /)
  })

  test('with a body is a 400, and the worker goes on', async () => {
    await using app = await startEcho()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    for (const framing of ['Content-Length: 3', 'Transfer-Encoding: chunked'])
      expect(await talk(site, `GET /boston/ HTTP/1.1\r\n${HANDSHAKE}${framing}\r\n\r\nabc`)).toMatch(/^HTTP\/1.1 400 /)
    const { socket } = await open(site.port, '/boston/')
    socket.terminate()
  })

  test('that its tenant closes is closed for the client too, even one that never answers', async () => {
    await using app = await startRaw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        socket.once('data', () => socket.destroy())
      })
    })
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const wire = await dial(site.port)
    wire.write(`GET /boston/ HTTP/1.1\r\n${HANDSHAKE}\r\n`)
    await wire.until('101')
    wire.write('bye')
    await wire.rest()
    await site.line(() => true)
    expect(site.traffic('boston').sockets).toBe(0)
  })
})

describe('a WebSocket to a reverse proxy', () => {
  test('is tunnelled where the rule says so, with its path rewritten', async () => {
    await using app = await startEcho()
    const rule = { prefix: '/live/', strip_path: true, websocket: true, target: `http://127.0.0.1:${app.port}/v2` }
    await using site = await startSite({ reverse_proxies: [rule] })
    const { socket, greeting } = await open(site.port, '/live/cable')
    expect(greeting).toMatchObject({ url: '/v2/cable', headers: { host: `127.0.0.1:${app.port}` } })
    socket.terminate()
  })

  test('is an ordinary request where the rule does not', async () => {
    await using app = await startEcho()
    await using site = await startSite({ reverse_proxies: [{ prefix: '/', target: `http://127.0.0.1:${app.port}` }] })
    const wire = await dial(site.port)
    wire.write(`GET / HTTP/1.1\r\n${HANDSHAKE}\r\n`)
    expect(await wire.until('http')).toMatch(/^HTTP\/1.1 200 /)
    wire.socket.destroy()
  })
})
