/** The permanent test of the rule of workers/fast-lane/buffers.ts: shared buffers never mix the octets of connections. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, type Scene, startScene, startUpstream, talk, type Upstream } from './scene.ts'

let upstream: Upstream
let scene: Scene

beforeEach(async () => {
  upstream = await startUpstream()
  scene = await startScene(upstream.port)
})

afterEach(async () => {
  await eventually(() => scene.traffic().inFlight === 0)
  await scene.close()
  await upstream.close()
})

/** More than the kernel keeps for two connections, so that writes have to wait. */
const BODY_BYTES = 9_000_000

const hash = (octets: Buffer): string => createHash('sha1').update(octets).digest('hex')

const inChunks = (body: Buffer): Buffer[] => {
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += 70_001) {
    const piece = body.subarray(at, at + 70_001)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return [...pieces, Buffer.from('0\r\n\r\n')]
}

/** A body for each path, in the framing its last letter says. */
const serveBlobs = (blobs: Map<string, Buffer>) => (socket: net.Socket, text: string) => {
  const path = text.split(' ')[1]!
  const body = blobs.get(path) ?? randomBytes(BODY_BYTES + Math.floor(Math.random() * 1_000_000))
  blobs.set(path, body)
  if (path.endsWith('c')) {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (const piece of inChunks(body)) socket.write(piece)
  } else if (path.endsWith('e')) socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), body]))
  else socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]))
}

/** Reads the whole response, pausing after each read when slow. */
const download = async (path: string, pace: 'slow' | 'fast', fields = 'Connection: close'): Promise<Buffer> => {
  const socket = net.connect({ port: scene.port, host: '127.0.0.1' })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`)
  const read: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    read.push(chunk)
    if (pace === 'fast') return
    socket.pause()
    setTimeout(() => socket.resume(), Math.random() * 6)
  })
  await once(socket, 'end')
  const whole = Buffer.concat(read)
  return whole.subarray(whole.indexOf('\r\n\r\n') + 4)
}

let lastWritten = -1

/** Whether no upstream has got rid of anything since the last look. */
const isStill = ({ sockets }: Upstream): boolean => {
  const written = [...sockets].reduce((sum, socket) => sum + socket.writableLength, 0)
  const isSame = written === lastWritten
  lastWritten = written
  return isSame && written > 0
}

describe('many transfers at once', () => {
  test('to slow and fast readers arrive as they were sent, in every framing', async () => {
    const blobs = new Map<string, Buffer>()
    upstream.script = serveBlobs(blobs)
    const paths = Array.from({ length: 18 }, (_, i) => `/${i}${'lce'[i % 3]}`)
    const bodies = await Promise.all(paths.map((path, i) => download(path, i % 2 === 0 ? 'slow' : 'fast')))
    paths.forEach((path, i) => {
      const sent = blobs.get(path)!
      expect(hash(bodies[i]!), path).toBe(hash(path.endsWith('c') ? Buffer.concat(inChunks(sent)) : sent))
    })
  })

  test('through tunnels to slow and fast readers arrive as they were sent', async () => {
    const blobs = new Map<string, Buffer>()
    upstream.script = (socket, text) => {
      const body = randomBytes(BODY_BYTES)
      blobs.set(text.split(' ')[1]!, body)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.end(body)
    }
    const paths = Array.from({ length: 12 }, (_, i) => `/${i}`)
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket'
    const bodies = await Promise.all(paths.map((path, i) => download(path, i % 2 === 0 ? 'slow' : 'fast', upgrade)))
    expect(bodies.map(hash)).toEqual(paths.map((path) => hash(blobs.get(path)!)))
  })

  test('to a slow upstream arrive as they were sent', async () => {
    const received = new Map<net.Socket, { head: string; body: Buffer[]; length: number }>()
    const sink = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        const one = received.get(socket)
        if (one === undefined) {
          const end = chunk.indexOf('\r\n\r\n') + 4
          const head = chunk.toString('latin1', 0, end)
          received.set(socket, { head, body: [chunk.subarray(end)], length: chunk.length - end })
        } else {
          one.body.push(chunk)
          one.length += chunk.length
        }
        const { head, body, length } = received.get(socket)!
        const expected = Number(/Content-Length: (\d+)/.exec(head)![1])
        socket.pause()
        setTimeout(() => socket.resume(), Math.random() * 3)
        if (length === expected) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n${hash(Buffer.concat(body))}`)
      })
    })
    sink.listen(0, '127.0.0.1')
    await once(sink, 'listening')
    scene.wake((sink.address() as net.AddressInfo).port)
    const upload = async (): Promise<boolean> => {
      const body = randomBytes(1_500_000)
      const client = await talk(scene.port)
      client.write(`POST /u HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`)
      client.write(body)
      const read = await client.until((text) => /\r\n\r\n.{40}$/.test(text))
      client.socket.destroy()
      return read.endsWith(hash(body))
    }
    expect(await Promise.all(Array.from({ length: 12 }, upload))).toEqual(Array.from({ length: 12 }, () => true))
    for (const socket of received.keys()) socket.destroy()
    sink.close()
  })

  test('are held back at their source when nobody reads them', async () => {
    const large = Buffer.alloc(16_000_000)
    upstream.script = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n`)
      socket.write(large)
    }
    const clients = await Promise.all(Array.from({ length: 10 }, () => talk(scene.port)))
    for (const { socket } of clients) socket.pause()
    for (const [i, client] of clients.entries()) client.write(`GET /${i}l HTTP/1.1\r\nHost: h\r\n\r\n`)
    await eventually(() => upstream.sockets.size === 10 && isStill(upstream))
    const unread = [...upstream.sockets].map((socket) => socket.writableLength)
    // What has left the upstream is in the kernel's buffers of two connections, and in one buffer of the lane.
    expect(Math.min(...unread)).toBeGreaterThan(0)
    for (const { socket } of clients) socket.destroy()
  })
})
