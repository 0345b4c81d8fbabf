import { once } from 'node:events'
import net from 'node:net'
import { expect, test } from 'vitest'
import { startSite } from '../harness.ts'

test('after an upload that its upstream broke off, the connection answers the next request', async () => {
  const upstream = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.resetAndDestroy())
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  await using site = await startSite({ lanes: 'full', tenants: [{ name: 'boston', port: (upstream.address() as net.AddressInfo).port }] })
  const client = net.connect(site.port, '127.0.0.1').setEncoding('latin1')
  client.on('error', () => {})
  const bytes = 2 * 1024 * 1024
  client.write(`POST /boston/ HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`)
  client.write('GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let read = ''
  for await (const text of client) read += text
  upstream.close()
  expect(read.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 502', 'HTTP/1.1 404'])
})
