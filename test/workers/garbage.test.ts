import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { closing, startRaw, startSite } from './harness.ts'

const REQUESTS = [
  'GET /t/a?b HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n',
  'POST /t/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello',
  'PUT /t/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  'GET /t/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  'GET /p/x?y HTTP/1.1\r\nHost: x\r\n\r\n',
  'HEAD /t/ HTTP/1.0\r\n\r\n',
]
const RESPONSES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nhello',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nabc',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 304 Not\r\nETag: a\r\n\r\n',
  'HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\nx',
]
const JUNK = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  ':',
  ' ',
  '\x7f',
  '\xff',
  '-1',
  '//',
  '%',
  '#',
  'ffffffff',
  'HTTP/1.0',
  '\r\n\r\n',
  '\r\n0\r\n\r\n',
].concat(
  ['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n', 'Expect: 100-continue\r\n', 'Trailer: x\r\n'],
  ['HTTP/1.1 100 Continue\r\n\r\n', 'Upgrade: websocket\r\nConnection: Upgrade\r\n', RESPONSES[3]!],
)

/** The same numbers in each run. */
const createDice = (seed: number) => {
  let state = seed
  const below = (n: number): number => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    return (state >>> 8) % n
  }
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  const mutate = (text: string): string => {
    let mutated = text
    for (let times = below(4); times > 0; times--) {
      const at = below(mutated.length + 1)
      const [before, after] = [mutated.slice(0, at), mutated.slice(at)]
      mutated = pick([
        before + pick(JUNK) + after,
        before + after.slice(below(9)),
        before + String.fromCharCode(below(256)) + after,
        before,
      ])
    }
    return mutated
  }
  return { below, pick, mutate }
}

/** In two pieces, a moment apart. */
const writeInPieces = async (socket: net.Socket, bytes: string, cut: number): Promise<void> => {
  socket.write(bytes.slice(0, cut), 'latin1')
  await sleep(1)
  if (socket.writable) socket.write(bytes.slice(cut), 'latin1')
}

test('whatever clients and upstreams send, the worker goes on and every place is left', async () => {
  const dice = createDice(7)
  await using app = await startRaw((socket) => {
    socket.on('data', async () => {
      if (!socket.writable) return
      await writeInPieces(socket, dice.mutate(dice.pick(RESPONSES)), dice.below(60))
      dice.pick([() => socket.end(), () => socket.destroy(), () => socket.resetAndDestroy(), () => {}])()
    })
  })
  await using site = await startSite({
    tenants: [{ name: 't', port: app.port }],
    timeouts: { response: 150, header: 500, keep_alive: 200, idle: 300 },
    reverse_proxies: [{ prefix: '/p/', target: `http://127.0.0.1:${app.port}`, websocket: true, response_headers: { 'X-A': 'b' } }],
  })
  const converse = async (): Promise<void> => {
    const socket = net.connect({ host: '127.0.0.1', port: site.port })
    socket.on('error', () => {})
    socket.resume()
    const closed = closing(socket)
    void writeInPieces(socket, dice.mutate(dice.pick(REQUESTS)) + dice.pick(['', dice.mutate(dice.pick(REQUESTS))]), dice.below(60))
    const end = setTimeout(() => (dice.below(2) === 0 ? socket.destroy() : socket.resetAndDestroy()), 10 + dice.below(40))
    await closed
    clearTimeout(end)
  }
  const converseOften = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) await converse()
  }
  await Promise.all(Array.from({ length: 25 }, converseOften))
  await site.drain(5_000)
  expect(site.traffic('t')).toMatchObject({ inFlight: 0, sockets: 0 })
  expect(site.traffic('t').started).toBeGreaterThan(100)
})
