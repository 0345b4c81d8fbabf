import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decide } from '../../../workers/pipeline.ts'
import { reverseProxy } from '../harness.ts'
import { ask, count, eventually, type Scene, type SceneOptions, startScene, startUpstream, talk, type Upstream } from './scene.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const SEEN = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nseen'

let upstream: Upstream
let scene: Scene

const start = async (options: SceneOptions = {}): Promise<void> => {
  await scene?.close()
  scene = await startScene(upstream.port, options)
}

beforeEach(async () => {
  upstream = await startUpstream()
  scene = await startScene(upstream.port)
})

afterEach(async () => {
  await eventually(() => scene.traffic().inFlight === 0 && scene.traffic().sockets === 0)
  await scene.close()
  await upstream.close()
})

describe('what is out of the ordinary', () => {
  test.each([
    ['a chunked upload', 'POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', '200'],
    ['HTTP/1.0', 'GET /a HTTP/1.0\r\nHost: h\r\n\r\n', '200'],
    ['a dot segment', 'GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n', '200'],
    ['a nominated field', 'GET /a HTTP/1.1\r\nHost: h\r\nConnection: close, X-Foo\r\nX-Foo: 1\r\n\r\n', '200'],
    ['two lengths', 'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx', '400'],
    ['a signed length', 'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\nx', '400'],
    ['a space before a colon', 'GET /a HTTP/1.1\r\nHost : h\r\n\r\n', '400'],
    ['a folded line', 'GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n', '400'],
    ['no host', 'GET /aaaaaaaaa HTTP/1.1\r\nX: y\r\n\r\n', '400'],
    ['a bare CR', 'GET /a HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n', '400'],
    ['a NUL', 'GET /a HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n', '400'],
    ['no HTTP', 'hello\r\n\r\n', '400'],
  ])('such as %s is handed over with its octets', async (_what, text, status) => {
    upstream.script = (socket) => void socket.write(SEEN)
    const read = await ask(scene.port, text, (t) => t.includes('\r\n\r\n'))
    expect(read.slice(0, 12)).toBe(`HTTP/1.1 ${status}`)
    expect(scene.handedOver).toBe(1)
  })

  test('is handed over behind plain requests on one connection, pipelined or not', async () => {
    upstream.script = (socket) => void socket.write(SEEN)
    const client = await talk(scene.port)
    client.write(GET)
    await client.until((t) => count(t, 'seen') === 1)
    client.write(`${GET}POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab`)
    await client.until((t) => count(t, 'seen') === 2)
    client.write('c\r\n0\r\n\r\n')
    await client.until((t) => count(t, 'seen') === 3)
    client.write(GET)
    await client.until((t) => count(t, 'seen') === 4)
    expect(scene.handedOver).toBe(1)
    expect(scene.lane.size()).toBe(0)
    client.socket.destroy()
    await eventually(() => scene.log().length === 4)
  })
})

test('a head that drips in is left to the full lane after a few pieces', async () => {
  const read = await ask(scene.port, GET.split(''), (t) => t.endsWith('ok'))
  expect(read).toMatch(/^HTTP\/1.1 200/)
  expect(scene.handedOver).toBe(1)
})

describe('an answer of navigator itself', () => {
  test('comes from this lane, in order with relayed ones', async () => {
    await start({ server: { health_check: { path: '/up', response: { status: 200, body: 'fine é', headers: {} } } } })
    const read = await ask(scene.port, `${GET}GET /up HTTP/1.1\r\nHost: h\r\n\r\n${GET}`, (t) => count(t, '\r\n\r\nok') === 2)
    expect(read.indexOf('\r\n\r\nok')).toBeLessThan(read.indexOf('fine'))
    expect(read).toContain('Content-Length: 7\r\n')
    expect(scene.handedOver).toBe(0)
    expect(scene.log()[1]).toMatchObject({ uri: '/up', status: 200, response_type: 'health-check' })
  })

  test('is a 500 when a step of the pipeline throws, and the next request is served', async () => {
    let isBroken = true
    await start({
      decide: (exchange) => {
        if (!isBroken) return decide(exchange)
        isBroken = false
        throw new Error('broken step')
      },
    })
    const read = await ask(scene.port, GET + GET, (t) => t.endsWith('\r\n\r\nok'))
    expect(read).toMatch(/^HTTP\/1.1 500/)
    expect(scene.log()[0]).toMatchObject({ status: 500, error_message: 'Error: broken step' })
  })

  test('to a request with a body skips the body', async () => {
    await start({ server: { health_check: { path: '/up', response: { status: 200, body: 'fine', headers: {} } } } })
    const put = 'POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello'
    const read = await ask(scene.port, put + GET, (t) => t.endsWith('ok'))
    expect(read).toContain('fine')
  })

  test('before the body is here closes the connection', async () => {
    await start({ server: { health_check: { path: '/up', response: { status: 200, body: 'fine', headers: {} } } } })
    const client = await talk(scene.port)
    client.write('POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe')
    await client.closed
    expect(client.read).toContain('Connection: close')
  })
})

describe('a timeout', () => {
  test('ends a connection that sends no whole head, with 408', async () => {
    const client = await talk(scene.port)
    client.write(`${GET}GET / HTTP/1.1\r\n`)
    await client.until((t) => t.endsWith('ok'))
    scene.tick(62)
    await client.closed
  })

  test('ends a kept connection without a word', async () => {
    const client = await talk(scene.port)
    client.write(GET)
    await client.until((t) => t.endsWith('ok'))
    scene.tick(74)
    client.write(GET)
    await client.until((t) => count(t, '\r\n\r\nok') === 2)
    scene.tick(77)
    await client.closed
    expect(client.read).not.toContain('408')
  })

  test('answers 504 when the upstream does not', async () => {
    let isAsked = false
    upstream.script = () => {
      isAsked = true
    }
    const client = await talk(scene.port)
    client.write(GET)
    await eventually(() => isAsked)
    scene.tick(62)
    expect(await client.until((t) => t.includes('\r\n\r\n'))).toMatch(/^HTTP\/1.1 504/)
    await eventually(() => upstream.sockets.size === 0)
    client.socket.destroy()
  })

  test('cuts a response that has stopped coming', async () => {
    upstream.script = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    const client = await talk(scene.port)
    client.write(GET)
    await client.until((t) => t.endsWith('half'))
    scene.tick(62)
    await client.closed
    await eventually(() => upstream.sockets.size === 0)
  })

  test('closes upstream connections nobody has used for a while', async () => {
    await ask(scene.port, GET, (t) => t.endsWith('ok'))
    expect(upstream.sockets.size).toBe(1)
    scene.tick(6)
    await eventually(() => upstream.sockets.size === 0)
  })
})

describe('a limit', () => {
  test('on connections answers the next one 503', async () => {
    await start({ connectionsLimit: 1 })
    const first = await talk(scene.port)
    await eventually(() => scene.lane.size() === 1)
    const second = await talk(scene.port)
    await second.closed
    expect(second.read).toMatch(/^HTTP\/1.1 503/)
    first.socket.destroy()
  })

  test('on the size of heads leaves them to the full lane, which refuses them', async () => {
    const read = await ask(scene.port, `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, (t) => t.includes('\r\n\r\n'))
    expect(read).toMatch(/^HTTP\/1.1 431/)
  })
})

describe('draining', () => {
  test('ends idle connections at once, and others with their response', async () => {
    let reply = () => {}
    upstream.script = (socket) => {
      reply = () => void socket.write(SEEN)
    }
    const idle = await talk(scene.port)
    const busy = await talk(scene.port)
    busy.write(GET)
    await eventually(() => upstream.sockets.size === 1 && scene.lane.size() === 2 && scene.traffic().inFlight === 1)
    scene.lane.drain()
    await idle.closed
    reply()
    await busy.closed
    expect(busy.read).toContain('seen')
    await eventually(() => scene.lane.size() === 0)
  })
})

describe('a new life of the process', () => {
  test('gets no request on a connection to the old one', async () => {
    const client = await talk(scene.port)
    client.write(GET)
    await client.until((t) => t.endsWith('ok'))
    scene.wake()
    client.write(GET)
    await client.until((t) => count(t, '\r\n\r\nok') === 2)
    expect(upstream.connections).toBe(2)
    client.socket.destroy()
  })
})

describe('a reverse proxy to this host', () => {
  test('is carried here: its own host and fields win over those of the client', async () => {
    let seen = ''
    upstream.script = (socket, text) => {
      seen = text
      socket.write(SEEN)
    }
    const target = `http://127.0.0.1:${upstream.port}/base`
    await start({ reverse_proxies: [reverseProxy({ prefix: '/api/', target, headers: { 'X-Key': 'secret' } })] })
    await ask(scene.port, 'GET /api/x?y HTTP/1.1\r\nHost: h\r\nX-Key: guess\r\nX-A: 1\r\n\r\n', (t) => t.endsWith('seen'))
    expect(scene.handedOver).toBe(0)
    expect(seen.split('\r\n')[0]).toBe('GET /base/api/x?y HTTP/1.1')
    expect(seen).toContain(`host: 127.0.0.1:${upstream.port}\r\n`)
    expect(seen).toContain('x-key: secret\r\n')
    expect(seen).toContain('X-A: 1\r\n')
    expect(seen).not.toContain('guess')
    expect(scene.log()).toMatchObject([{ status: 200, destination: `http://127.0.0.1:${upstream.port}`, response_type: 'proxy' }])
  })

  test('that is not there is a bad gateway', async () => {
    const gone = await startUpstream()
    await gone.close()
    await start({ reverse_proxies: [reverseProxy({ prefix: '/api/', target: `http://127.0.0.1:${gone.port}` })] })
    const read = await ask(scene.port, 'GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n', (t) => t.includes('\r\n\r\n'))
    expect(read).toMatch(/^HTTP\/1.1 502/)
    expect(scene.handedOver).toBe(0)
  })
})
