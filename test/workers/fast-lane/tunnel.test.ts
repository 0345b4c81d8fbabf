import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { eventually, type Scene, startScene, startUpstream, talk, type Upstream } from './scene.ts'

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n'
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

let upstream: Upstream
let scene: Scene

beforeEach(async () => {
  upstream = await startUpstream()
  scene = await startScene(upstream.port)
})

afterEach(async () => {
  await eventually(() => scene.traffic().inFlight === 0 && scene.traffic().sockets === 0)
  expect(scene.handedOver).toBe(0)
  await scene.close()
  await upstream.close()
})

describe('a WebSocket', () => {
  test('carries messages both ways, large ones too', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    server.on('connection', (socket) => socket.on('message', (message) => socket.send(message)))
    scene.wake((server.address() as { port: number }).port)
    const client = new WebSocket(`ws://127.0.0.1:${scene.port}/ws`)
    await once(client, 'open')
    for (const size of [5, 70_000, 3_000_000]) {
      const sent = Buffer.alloc(size, 'é')
      client.send(sent)
      const [message] = await once(client, 'message')
      expect(sent.equals(message as Buffer)).toBe(true)
    }
    client.close()
    await once(client, 'close')
    server.close()
    await eventually(() => scene.log().length === 1)
    expect(scene.log()).toMatchObject([{ status: 101, response_type: 'websocket', tenant: 'app' }])
  })

  test('gets what was said with the handshake, and is counted as a socket instead of a request', async () => {
    let seen = ''
    upstream.script = (socket, text) => {
      seen += text
      if (text.startsWith('GET')) socket.write(`${SWITCH}welcome`)
    }
    const client = await talk(scene.port)
    client.write(`${UPGRADE}early`)
    expect(await client.until((t) => t.endsWith('welcome'))).toBe(`${SWITCH}welcome`)
    await eventually(() => seen.endsWith('early'))
    expect(seen).toContain('Connection: Upgrade\r\nUpgrade: websocket\r\n')
    expect(scene.traffic()).toMatchObject({ inFlight: 0, sockets: 1 })
    client.socket.end('bye')
    await eventually(() => seen.endsWith('bye'))
  })

  test('of a tenant that does not track them is not counted', async () => {
    upstream.script = (socket) => void socket.write(SWITCH)
    const untracked = await startScene(upstream.port, { tenant: { track_websockets: false } })
    const client = await talk(untracked.port)
    client.write(UPGRADE)
    await client.until((t) => t === SWITCH)
    expect(untracked.traffic()).toMatchObject({ inFlight: 0, sockets: 0 })
    client.socket.destroy()
    await untracked.close()
  })

  test('ends for the client when the upstream ends it, last words included', async () => {
    upstream.script = (socket) => socket.end(`${SWITCH}bye`)
    const client = await talk(scene.port)
    client.write(UPGRADE)
    await client.closed
    expect(client.read).toBe(`${SWITCH}bye`)
  })

  test('that the upstream refuses is answered with its response', async () => {
    upstream.script = (socket) => void socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    const client = await talk(scene.port)
    client.write(UPGRADE)
    expect(await client.until((t) => t.endsWith('no'))).toContain('403')
    client.socket.destroy()
  })
})
