import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { createReadBuffers, ReadWindow } from '../../../workers/fast-lane/buffers.ts'

/** A socket whose peer reads nothing. */
const stalledSocket = async (): Promise<net.Socket> => {
  const server = net.createServer({ pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = net.connect({ port: (server.address() as net.AddressInfo).port, writableHighWaterMark: 1 } as net.NetConnectOpts)
  const [peer] = await once(server, 'connection')
  socket.once('close', () => {
    peer.destroy()
    server.close()
  })
  return socket
}

describe('a read window', () => {
  test('reads into the shared buffer until there is much to come, and again afterwards', () => {
    const buffers = createReadBuffers()
    const window = new ReadWindow(buffers)
    expect(window.next()).toBe(buffers.shared)
    window.expect(buffers.shared.length)
    expect(window.next()).toBe(buffers.shared)
    window.expect(100_000)
    expect(window.next()).not.toBe(buffers.shared)
    window.release()
    expect(window.next()).toBe(buffers.shared)
  })

  test('lends its buffer again only when nothing written from it is under way', async () => {
    const buffers = createReadBuffers()
    const window = new ReadWindow(buffers)
    const target = await stalledSocket()
    window.expect(100_000)
    const own = window.next()
    let isFlushed = true
    while (isFlushed) isFlushed = window.forward(target, own, 0, own.length)
    window.release()
    expect(buffers.lend(100_000)).not.toBe(own)
    target.destroy()
  })

  test('falls back to smaller buffers, then to the shared one, when very many are lent', () => {
    const buffers = createReadBuffers()
    const lent = Array.from({ length: 1_000 }, () => buffers.lend(10_000_000))
    expect(lent[0]!.length).toBeGreaterThan(lent[40]!.length)
    expect(lent.at(-1)).toBeUndefined()
  })
})
