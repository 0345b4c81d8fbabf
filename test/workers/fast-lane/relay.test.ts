import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, count, eventually, type Scene, startScene, startUpstream, talk, type Upstream } from './scene.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const post = (body: string) => `POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

let upstream: Upstream
let scene: Scene

beforeEach(async () => {
  upstream = await startUpstream()
  scene = await startScene(upstream.port)
})

afterEach(async () => {
  await eventually(() => scene.traffic().inFlight === 0 && scene.traffic().sockets === 0)
  await scene.close()
  await upstream.close()
})

describe('a request in the fast lane', () => {
  test('reaches the upstream with what navigator says of it, and is answered', async () => {
    let seen = ''
    upstream.script = (socket, text) => {
      seen = text
      socket.write(answer('ok'))
    }
    const read = await ask(
      scene.port,
      'GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nConnection: keep-alive\r\nX-A: 1\r\nX-Forwarded-For: 6.6.6.6\r\nX-A: 2\r\nX-Request-Id: r1\r\n\r\n',
      (t) => t.endsWith('ok'),
    )
    expect(read).toBe(answer('ok'))
    expect(seen).toBe(
      'GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nX-A: 2\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h:1\r\nX-Request-Id: r1\r\n\r\n',
    )
    expect(scene.handedOver).toBe(0)
    expect(scene.log()).toMatchObject([
      { method: 'GET', uri: '/a?b=c', status: 200, body_bytes_sent: 2, request_id: 'r1', tenant: 'app', response_type: 'proxy' },
    ])
  })

  test('may come in pieces', async () => {
    expect(await ask(scene.port, GET.match(/.{1,3}/gs)!, (t) => t.endsWith('ok'))).toBe(answer('ok'))
    expect(scene.handedOver).toBe(0)
  })

  test('is answered in order when several are pipelined, bodies among them, cut anywhere', async () => {
    upstream.script = (socket, text) => void socket.write(answer(text.slice(0, text.indexOf(' '))))
    const whole = GET + post('hello') + GET
    for (const cut of [1, 20, GET.length, GET.length + 30, GET.length + post('hello').length - 2, whole.length - 1]) {
      const read = await ask(
        scene.port,
        [whole.slice(0, cut), whole.slice(cut)],
        (t) => count(t, 'HTTP/1.1 200') === 3 && t.endsWith('GET'),
      )
      expect(
        read
          .split('\r\n\r\n')
          .slice(1)
          .map((part) => part.replace(/HTTP.*/s, '')),
      ).toEqual(['GET', 'POST', 'GET'])
    }
  })

  test('with 2,000 pipelined behind it is answered 2,000 times', async () => {
    const read = await ask(scene.port, 'GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(2_000), (t) => count(t, 'HTTP/1.1 200') === 2_000)
    expect(count(read, '\r\n\r\nok')).toBe(2_000)
  })

  test('goes on a kept connection after the first', async () => {
    const client = await talk(scene.port)
    for (let i = 1; i <= 5; i++) {
      client.write(GET)
      await client.until((t) => count(t, '\r\n\r\nok') === i)
    }
    client.socket.destroy()
    expect(upstream.connections).toBe(1)
  })

  test('is sent once more when its connection is reset before an answer', async () => {
    upstream.script = (socket, _text, n) => void (n === 1 ? socket.write(answer('ok')) : socket.resetAndDestroy())
    const client = await talk(scene.port)
    for (let i = 1; i <= 3; i++) {
      client.write(GET)
      await client.until((t) => count(t, '\r\n\r\nok') === i)
    }
    client.socket.destroy()
  })

  test('is not sent once more when it is a POST', async () => {
    let posts = 0
    upstream.script = (socket, text, n) => {
      if (text.startsWith('POST')) posts += 1
      if (n === 1) socket.write(answer('ok'))
      else socket.resetAndDestroy()
    }
    const client = await talk(scene.port)
    client.write(GET)
    await client.until((t) => t.endsWith('ok'))
    client.write(post('x'))
    expect(await client.until((t) => t.includes('502'))).toContain('HTTP/1.1 502')
    client.socket.destroy()
    expect(posts).toBe(1)
  })

  test('waits for a sleeping tenant without leaving the lane', async () => {
    const sleeping = await startScene(upstream.port, { asleep: true })
    const client = await talk(sleeping.port)
    client.write(post('hel'))
    await eventually(() => sleeping.posted.includes('tenant.requested'))
    sleeping.wake()
    expect(await client.until((t) => t.endsWith('ok'))).toBe(answer('ok'))
    client.socket.destroy()
    expect(sleeping.handedOver).toBe(0)
    await sleeping.close()
  })

  test('of a client that goes while it waits leaves the waiting room', async () => {
    const sleeping = await startScene(upstream.port, { asleep: true })
    const client = await talk(sleeping.port)
    client.write(GET)
    await eventually(() => sleeping.posted.includes('tenant.requested'))
    client.socket.destroy()
    await eventually(() => sleeping.log().length === 1)
    expect(sleeping.log()).toMatchObject([{ status: 499, response_type: 'client_closed' }])
    sleeping.wake()
    expect(sleeping.traffic()).toMatchObject({ inFlight: 0, started: 0 })
    await sleeping.close()
  })

  test('goes in once more after the process of its tenant refused it', async () => {
    const gone = await startUpstream()
    await gone.close()
    scene.wake(gone.port)
    const client = await talk(scene.port)
    client.write(post('hello'))
    await eventually(() => scene.posted.includes('tenant.refused'))
    scene.wake(upstream.port)
    expect(await client.until((t) => t.endsWith('ok'))).toBe(answer('ok'))
    client.socket.destroy()
  })

  test('whose client goes away takes its upstream connection with it, and is logged 499', async () => {
    upstream.script = () => {}
    const client = await talk(scene.port)
    client.write(GET)
    await eventually(() => upstream.sockets.size === 1)
    client.socket.destroy()
    await eventually(() => upstream.sockets.size === 0 && scene.log().length === 1)
    expect(scene.log()).toMatchObject([{ status: 499, response_type: 'client_closed' }])
  })
})

describe('a response in the fast lane', () => {
  test('may come octet by octet, and loses its hop-by-hop fields', async () => {
    upstream.script = async (socket) => {
      for (const octet of 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello') {
        socket.write(octet)
        await new Promise(setImmediate)
      }
    }
    expect(await ask(scene.port, GET, (t) => t.endsWith('hello'))).toBe('HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello')
  })

  test('in chunks ends exactly, and its connection serves again', async () => {
    const body = '5;x=1\r\nhello\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n'
    upstream.script = async (socket) => {
      for (const octet of `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`) {
        socket.write(octet)
        await new Promise(setImmediate)
      }
    }
    await ask(scene.port, GET + GET, (t) => count(t, body) === 2)
    expect(upstream.connections).toBe(1)
  })

  test('that ends with its connection ends the client connection too', async () => {
    upstream.script = (socket) => {
      socket.write('HTTP/1.0 200 OK\r\n\r\npart1')
      setImmediate(() => socket.end('part2'))
    }
    const client = await talk(scene.port)
    client.write(GET)
    await client.closed
    expect(client.read).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart1part2')
  })

  test('to HEAD, and 204 and 304, have no body whatever their length says', async () => {
    upstream.script = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n')
    await ask(scene.port, 'HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(2), (t) => count(t, '999') === 2)
    upstream.script = (socket) => void socket.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n')
    await ask(scene.port, GET + GET, (t) => count(t, '304') === 2)
    upstream.script = (socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n')
    await ask(scene.port, GET + GET, (t) => count(t, '204') === 2)
  })

  test('may have early hints before it', async () => {
    upstream.script = (socket) => void socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer('hi')}`)
    expect(await ask(scene.port, GET, (t) => t.endsWith('hi'))).toBe(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer('hi')}`)
  })

  test.each([
    ['with a length and a transfer coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello'],
    ['with a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
    ['with an unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['that is not HTTP', 'lorem ipsum dolor sit amet'],
    ['with bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx'],
    ['that switches protocols unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['of malformed chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('%s is a bad gateway', async (_what, response) => {
    upstream.script = (socket) => void socket.write(response)
    const read = await ask(scene.port, GET, (t) => t.includes('\r\n\r\n'))
    expect(read).toMatch(/^HTTP\/1.1 502/)
  })

  test('with octets behind its end never leaks them into the next', async () => {
    upstream.script = (socket) => void socket.write(`${answer('ok')}${answer('EVIL')}`)
    const read = await ask(scene.port, GET + GET, (t) => count(t, '\r\n\r\nok') === 2)
    expect(read).not.toContain('EVIL')
    expect(upstream.connections).toBe(2)
  })

  test.each(['Content-Length: 10', 'Transfer-Encoding: chunked'])('of %s, broken off, ends the client connection', async (framing) => {
    upstream.script = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhello`)
      setImmediate(() => socket.destroy())
    }
    const client = await talk(scene.port)
    client.write(GET)
    await client.closed
    expect(client.read).toMatch(/hello$/)
    await eventually(() => scene.log().length === 1)
    expect(scene.log()).toMatchObject([{ status: 200, response_type: 'error' }])
  })

  test('that ends with its connection, broken off, never looks complete', async () => {
    upstream.script = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello')
      setTimeout(() => socket.resetAndDestroy(), 20)
    }
    const client = await talk(scene.port)
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => client.socket.once('error', resolve))
    client.write(GET)
    expect((await failed).code).toBe('ECONNRESET')
  })

  test('that comes before the upload has ended is passed on, then the connection is closed', async () => {
    upstream.script = (socket, _text, n) => void (n === 1 && socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig'))
    const client = await talk(scene.port)
    client.write(`POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(1000)}`)
    const read = await client.until((t) => t.endsWith('big'))
    expect(read).toContain('Connection: close')
    client.socket.destroy()
  })
})
