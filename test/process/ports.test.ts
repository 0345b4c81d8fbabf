import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { createPorts } from '../../src/process/ports.ts'

/** Free ones of a stretch that no other test and no ephemeral port uses. */
const range = (from: number, count: number) => ({ from, to: from + count - 1 })

const listen = async (port: number, host: string, ipv6Only = false): Promise<Server> => {
  const server = createServer().listen({ port, host, ipv6Only })
  await once(server, 'listening')
  return server
}

test('goes round the range, so that a port just given back rests', async () => {
  const ports = createPorts(range(17_100, 3))
  const first = await ports.lend()
  ports.giveBack(first)
  expect([first, await ports.lend(), await ports.lend(), await ports.lend()]).toEqual([17_100, 17_101, 17_102, 17_100])
})

test('lends each port once when many ask at once', async () => {
  const ports = createPorts(range(17_110, 20))
  const lent = await Promise.all(Array.from({ length: 20 }, () => ports.lend()))
  expect(new Set(lent).size).toBe(20)
  expect(ports.lent.size).toBe(20)
})

test('is exhausted when all are lent, naming the range', async () => {
  const ports = createPorts(range(17_140, 1))
  await ports.lend()
  await expect(ports.lend()).rejects.toMatchObject({
    code: 'NAV_PORT_EXHAUSTED',
    message: expect.stringContaining('17140-17140'),
    hint: expect.any(String),
  })
})

test.each([
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::1', true],
])('passes over a port that somebody listens on at %s', async (host, ipv6Only) => {
  const port = 17_150 + ['127.0.0.1', '0.0.0.0', '::', '::1'].indexOf(host) * 2
  await using _server = await listen(port, host, ipv6Only)
  expect(await createPorts(range(port, 2)).lend()).toBe(port + 1)
})

test('a new range counts for what is lent from then on', async () => {
  const ports = createPorts(range(17_170, 2))
  const old = await ports.lend()
  ports.setRange(range(17_180, 1))
  expect(await ports.lend()).toBe(17_180)
  expect(ports.lent.has(old)).toBe(true)
})
