/** What only time shows: a cable on a clock of its own. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createCable } from '../../../workers/cable/cable.ts'
import { listenTo } from './client.ts'

const startCable = async () => {
  let now = 0
  const losses: number[] = []
  const lost = Promise.withResolvers<void>()
  const dropped = (count: number): void => {
    losses.push(count)
    lost.resolve()
  }
  const cable = createCable({ channel: 'slow-clients', now: () => now, lookEveryMs: 5, dropped })
  const server = createServer().listen(0, '127.0.0.1')
  server.on('upgrade', (request, socket, head) => void cable.accept(request, socket as Socket, head))
  await once(server, 'listening')
  return {
    cable,
    losses,
    lost: lost.promise,
    port: (server.address() as AddressInfo).port,
    pass: (ms: number) => {
      now += ms
    },
    [Symbol.dispose]() {
      cable.close()
      server.close()
    },
  }
}

describe('a cable socket', () => {
  test('is asked every 30 seconds whether it is there, and dropped after 60 without an answer', async () => {
    using site = await startCable()
    using client = await listenTo(site)
    site.pass(30_000)
    expect(await client.next()).toBe('{"type":"ping"}')
    await client.subscribe('subscribing is no answer')
    site.pass(30_000)
    expect(await client.closed).toBe(1006)
  })

  test('lives on as long as it answers, in either way', async () => {
    using site = await startCable()
    using client = await listenTo(site)
    for (const answer of [() => client.say({ type: 'pong' }), () => client.socket.pong()]) {
      site.pass(30_000)
      expect(await client.next()).toBe('{"type":"ping"}')
      answer()
      await client.subscribe('a')
    }
    site.pass(30_000)
    expect(await client.next()).toBe('{"type":"ping"}')
    expect(client.socket.readyState).toBe(client.socket.OPEN)
  })

  test('that takes nothing loses what does not fit into its queue, others nothing, and is dropped after 10 seconds', async () => {
    using site = await startCable()
    using slow = await listenTo(site)
    using quick = await listenTo(site)
    await Promise.all([slow.subscribe('a'), quick.subscribe('a')])
    slow.socket.pause()
    const text = 'x'.repeat(200_000)
    for (let number = 0; number < 300; number++) {
      site.cable.broadcast({ stream: 'a', text })
      expect(await quick.next()).toHaveLength(text.length)
    }
    await site.lost
    expect(site.losses.reduce((sum, count) => sum + count)).toBeGreaterThan(0)
    site.pass(10_000)
    slow.socket.resume()
    expect(await slow.closed).toBe(1006)
    expect(quick.texts).toHaveLength(301)
  })
})
