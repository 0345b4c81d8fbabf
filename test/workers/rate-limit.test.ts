import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { allocateTally, createTally } from '../../src/protocol/tally.ts'
import type { Exchange } from '../../workers/exchange.ts'
import { compileRateLimit } from '../../workers/rate-limit.ts'
import { createRoutingTable } from '../../workers/routing-table.ts'
import { ask, dial, type SiteOptions, snapshotOf, startApp, startSite } from './harness.ts'

/** So long that no window ends during a test. */
const limiting = (requests: number, key: 'ip' | 'tenant' = 'ip') => ({
  ...{ enabled: true, requests, key, per: 2_000_000_000_000 },
  cells: allocateTally(1),
})
const statuses = async (count: number, askOnce: () => Promise<{ status: number }>) => {
  const seen: number[] = []
  for (let i = 0; i < count; i++) seen.push((await askOnce()).status)
  return seen
}
const answering = () => startApp((request, response) => void request.resume().once('end', () => response.end()))

describe('a client', () => {
  test('gets 429 with the time to wait past its share, of all workers together', async () => {
    await using app = await answering()
    const options: SiteOptions = { tenants: [{ name: 'app', path: '/', port: app.port }], rate_limiting: limiting(3) }
    await using one = await startSite(options)
    await using two = await startSite(options)
    expect(await statuses(2, () => ask(one, '/'))).toEqual([200, 200])
    expect(await statuses(2, () => ask(two, '/'))).toEqual([200, 429])
    const { status, headers } = await ask(one, '/')
    expect(status).toBe(429)
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  })

  test('is charged once for a request, whichever lane carries it and however often it is decided upon', async () => {
    await using app = await answering()
    const options = { tenants: [{ name: 'app', path: '/', port: app.port }], cable: {} }
    await using site = await startSite({ ...options, rate_limiting: limiting(3) })
    const chunked = { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'x' }
    expect((await ask(site, '/%2E', chunked)).status).toBe(200)
    const socket = new WebSocket(`ws://127.0.0.1:${site.port}/cable`)
    await once(socket, 'open')
    socket.terminate()
    expect(await statuses(2, () => ask(site, '/', chunked))).toEqual([200, 429])
  })

  test('is charged for each request of a connection that changes the lane', async () => {
    await using app = await answering()
    await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port }], rate_limiting: limiting(2) })
    const wire = await dial(site.port)
    wire.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await wire.count('HTTP/1.1 200', 1)
    wire.write('GET /%2E HTTP/1.1\r\nHost: x\r\n\r\n')
    await wire.count('HTTP/1.1 200', 2)
    wire.socket.destroy()
    expect((await ask(site, '/')).status).toBe(429)
  })

  test('may ask for the health check as often as it likes', async () => {
    await using app = await answering()
    await using site = await startSite({
      tenants: [{ name: 'app', path: '/', port: app.port }],
      server: { health_check: { path: '/up' } },
      rate_limiting: limiting(1),
    })
    expect(await statuses(3, () => ask(site, '/up'))).toEqual([200, 200, 200])
  })

  test.each<[string, boolean | string[], string, string, boolean]>([
    ['an untrusted peer says what it likes', false, '1.1.1.1', '2.2.2.2', true],
    ['a trusted proxy says who it is for', ['127.0.0.1'], '1.1.1.1', '2.2.2.2', false],
    ['what stands before is the client’s own word', ['127.0.0.1'], '9.9.9.9, 1.1.1.1', '8.8.8.8, 1.1.1.1', true],
    ['trusted proxies in between are none', ['127.0.0.1', '10.0.0.0/8'], '1.1.1.1, 10.0.0.1', '1.1.1.1, 10.0.0.2', true],
    ['an IPv6 client has all of its /64', ['127.0.0.1'], '2001:db8:0:1::1', '2001:db8:0:1:ffff::2', true],
    ['another /64 is another client', ['127.0.0.1'], '2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['so is a short one', ['127.0.0.1'], '2001:db8::1', '2001:db8:0:1::1', false],
  ])('is known by its address: %s', async (_, trust_proxy, first, second, isSame) => {
    await using app = await answering()
    const tenants = [{ name: 'app', path: '/', port: app.port }]
    await using site = await startSite({ tenants, server: { trust_proxy }, rate_limiting: limiting(1) })
    const from = (list: string) => ask(site, '/', { headers: { 'x-forwarded-for': list } })
    expect([(await from(first)).status, (await from(second)).status]).toEqual([200, isSame ? 429 : 200])
  })
})

test('all clients of a tenant have one share, where it is by tenant', async () => {
  await using app = await answering()
  const tenants = ['one', 'two'].map((name) => ({ name, port: app.port }))
  await using site = await startSite({ tenants, rate_limiting: limiting(1, 'tenant') })
  expect(await statuses(2, () => ask(site, '/one/'))).toEqual([200, 429])
  expect(await statuses(2, () => ask(site, '/two/'))).toEqual([200, 429])
})

test('a share is whole again in the next window', () => {
  let now = 0
  const limit = compileRateLimit({ rate_limiting: { ...limiting(1), per: 10_000 } }, () => now)!
  const exchange = { peer: '1.1.1.1', header: () => undefined, routing: createRoutingTable(snapshotOf({})) } as unknown as Exchange
  expect([limit.count(exchange), limit.count(exchange)]).toEqual([undefined, 10])
  now = 8_500
  expect(limit.count(exchange)).toBe(2)
  now = 10_000
  expect([limit.count(exchange), limit.count(exchange)]).toEqual([undefined, 10])
})

test('names rarely share a count', () => {
  const tally = createTally(allocateTally(7))
  const names = Array.from({ length: 2_000 }, (_, number) => `10.0.${number >> 8}.${number & 255}`)
  expect(names.filter((name) => tally.add(name, 1) > 1).length).toBeLessThan(20)
})
