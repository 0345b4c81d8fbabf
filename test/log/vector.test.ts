import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createVectorWriter } from '../../src/log/vector.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-vector-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
let sockets = 0

/** A stand-in for Vector: reads lines from a Unix socket, stands still, dies and comes back. */
const createConsumer = (path = join(directory, `${++sockets}.sock`)) => {
  const lines: string[] = []
  const peers = new Set<Socket>()
  let server: Server | undefined
  let rest = ''
  return {
    path,
    lines,
    async listen() {
      server = createServer((socket) => {
        peers.add(socket)
        rest = ''
        socket.on('error', () => {})
        socket.setEncoding('utf8').on('data', (text: string) => {
          const parts = (rest + text).split('\n')
          rest = parts.pop()!
          lines.push(...parts)
        })
      }).listen(path)
      await once(server, 'listening')
    },
    stall() {
      for (const peer of peers) peer.pause()
    },
    resume() {
      for (const peer of peers) peer.resume()
    },
    die() {
      server!.close()
      for (const peer of peers) peer.destroy()
      peers.clear()
    },
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  for (const end = Date.now() + 10_000; !isSo(); ) {
    if (Date.now() > end) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const line = (number: number) => JSON.stringify({ number, message: 'x'.repeat(200) })

describe('vector', () => {
  test('gets what was written before it listened, in order', async () => {
    const consumer = createConsumer()
    const writer = createVectorWriter(consumer.path)
    for (let n = 0; n < 10; n++) writer.write(line(n))
    await consumer.listen()
    await until(() => consumer.lines.length === 10)
    expect(consumer.lines).toEqual(Array.from({ length: 10 }, (_, n) => line(n)))
    expect(writer).toMatchObject({ sent: 10, dropped: 0 })
    writer.close()
    consumer.die()
  })

  test('that stands still loses the oldest lines, each counted, and holds nobody up', async () => {
    const consumer = createConsumer()
    await consumer.listen()
    const writer = createVectorWriter(consumer.path, { boundBytes: 200_000 })
    writer.write(line(-1))
    await until(() => consumer.lines.length === 1)
    consumer.stall()
    const produced = 20_000
    let longest = 0
    for (let n = 0; n < produced; n++) {
      const since = performance.now()
      writer.write(line(n))
      longest = Math.max(longest, performance.now() - since)
      if (n % 500 === 0) await new Promise(setImmediate)
    }
    consumer.resume()
    await until(() => consumer.lines.at(-1) === line(produced - 1))
    expect(longest).toBeLessThan(100)
    expect(writer.dropped).toBeGreaterThan(0)
    expect(consumer.lines.length + writer.dropped).toBe(produced + 1)
    expect(writer.sent).toBe(consumer.lines.length)
    writer.close()
    consumer.die()
  })

  test('that dies and comes back under load leaves no line uncounted', async () => {
    const consumer = createConsumer()
    await consumer.listen()
    const writer = createVectorWriter(consumer.path, { boundBytes: 100_000 })
    let produced = 0
    const load = async (lines: number) => {
      for (let n = 0; n < lines; n++) {
        writer.write(line(produced++))
        if (n % 200 === 0) await new Promise(setImmediate)
      }
    }
    await load(2_000)
    await until(() => consumer.lines.length > 0)
    consumer.die()
    await load(5_000)
    await consumer.listen()
    await load(2_000)
    await writer.drained(10_000)
    expect(writer.sent + writer.dropped).toBe(produced)
    await until(() => consumer.lines.at(-1) === line(produced - 1))
    expect(consumer.lines.length).toBeLessThanOrEqual(writer.sent + writer.dropped)
    const numbers = consumer.lines.map((text) => JSON.parse(text).number as number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    writer.close()
    consumer.die()
  })
})
