import { once } from 'node:events'
import * as net from 'node:net'
import { describe, expect, test } from 'vitest'
import { createHostDoor } from '../../src/protocol/activity.ts'
import { allocateCounters, createTurnstile } from '../../src/protocol/counters.ts'
import { createCable } from '../../workers/cable/cable.ts'
import { FullLane } from '../../workers/full-lane/full-lane.ts'
import { HostGate } from '../../workers/host-gate.ts'
import { createRoutingTable } from '../../workers/routing-table.ts'
import { createWaitingRoom } from '../../workers/waiting-room.ts'
import { ask, dial, snapshotOf, startApp, startSite, talk } from './harness.ts'

/** A full lane behind a lane that reads what comes first, and then hands the connection over. */
const startHandover = async (upstreamPort: number) => {
  const turnstile = createTurnstile(allocateCounters(1), 0)
  const routing = createRoutingTable(snapshotOf({ reverse_proxies: [{ prefix: '/', target: `http://127.0.0.1:${upstreamPort}` }] }))
  const table = () => routing
  const room = createWaitingRoom({ turnstile, table, post: () => {}, now: Date.now })
  const host = new HostGate({ door: createHostDoor(allocateCounters(1), 0), post: () => {}, renewed: () => {} })
  const cable = createCable({ channel: 'unused', dropped() {} })
  const lane = new FullLane({ room, host, cable, turnstile, table, post: () => {}, log: { record() {} } })
  const server = net.createServer({ highWaterMark: 1, allowHalfOpen: true }, (socket) => {
    socket.once('data', (bytes: Buffer) => {
      socket.pause()
      lane.accept(socket, bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      lane.close()
      await once(server, 'close')
    },
  }
}

describe('a connection that is handed over', () => {
  test('loses nothing of what was read, nor of what comes', async () => {
    await using app = await startApp((request, response) => request.pipe(response))
    await using lane = await startHandover(app.port)
    const body = 'x'.repeat(1_000_000)
    expect((await ask(lane, '/', { method: 'POST', body })).body).toBe(body)
    const wire = await dial(lane.port)
    wire.write('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhe')
    await wire.until('he')
    wire.write('llo')
    expect(await wire.rest()).toMatch(/\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n$/)
  })

  test('is told to close after 100 requests', async () => {
    await using app = await startApp((_, response) => response.end('ok'))
    await using lane = await startHandover(app.port)
    const wire = await dial(lane.port)
    for (let i = 1; i <= 100; i++) {
      wire.write(`GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await wire.count('\r\n\r\nok', i)
    }
    const text = await wire.rest()
    expect(text.match(/Connection: close/g)).toHaveLength(1)
  })
})

describe('a worker', () => {
  test('that is given another address listens there, and serves the connections it has', async () => {
    await using site = await startSite()
    const wire = await dial(site.port)
    const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 })
    const { port } = bound.address()
    await site.replaceListener(bound)
    expect((await ask({ port }, '/')).status).toBe(404)
    await expect(ask(site, '/')).rejects.toThrow('ECONNREFUSED')
    wire.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(await wire.rest()).toMatch(/^HTTP\/1.1 404 /)
  })

  test('passes on a response head of 40 KB', async () => {
    await using app = await startApp((_, response) => response.setHeader('X-Big', 'b'.repeat(40_000)).end())
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    expect(await talk(site, 'GET /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('b'.repeat(40_000))
  })

  test('logs one line per request with what is known of it', async () => {
    await using app = await startApp((_, response) => response.end('hello'))
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const credentials = Buffer.from('ann:secret').toString('base64')
    const headers = {
      authorization: `Basic ${credentials}`,
      referer: 'r',
      'user-agent': 'u',
      'x-request-id': 'i',
      'x-forwarded-for': '6.6.6.6',
    }
    await ask(site, '/boston/a?b=c', { headers })
    expect(await site.line(() => true)).toMatchObject({
      client_ip: '127.0.0.1',
      remote_user: '-',
      method: 'GET',
      uri: '/boston/a?b=c',
      protocol: 'HTTP/1.1',
      status: 200,
      body_bytes_sent: 5,
      request_id: 'i',
      referer: 'r',
      user_agent: 'u',
      tenant: 'boston',
      response_type: 'proxy',
      proxy_backend: 'tenant:boston',
    })
    expect(site.lines).toHaveLength(1)
  })
})
