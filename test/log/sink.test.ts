import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createSink } from '../../src/log/sink.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-sink-'))
afterAll(() => rmSync(directory, { recursive: true }))

let made = 0
const newFile = () => {
  const path = join(directory, String(made++))
  const fd = openSync(path, 'a')
  return { fd, text: () => readFileSync(path, 'utf8'), [Symbol.dispose]: () => closeSync(fd) }
}

test('writes lines of all kinds in the order they came', async () => {
  using file = newFile()
  const sink = createSink(file.fd)
  sink.write('one €')
  sink.writeLines(new TextEncoder().encode('two\nthree\n'))
  sink.write('four')
  await sink.flush()
  expect(file.text()).toBe('one €\ntwo\nthree\nfour\n')
})

test('gives back the memory of lines as soon as they are written, one by one or together', async () => {
  using file = newFile()
  const sink = createSink(file.fd)
  const batches = Array.from({ length: 5 }, (_, i) => new Uint8Array(100 * 1024).fill(48 + i))
  for (const batch of batches) sink.writeLines(batch)
  await sink.flush()
  expect(batches.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0, 0])
  expect(file.text()).toHaveLength(500 * 1024)
})

test('flushes at the end what has not gone out yet', () => {
  using file = newFile()
  const sink = createSink(file.fd)
  for (let i = 0; i < 1_000; i++) sink.write(`line ${i}`)
  sink.flushSync(1_000)
  expect(file.text().split('\n')).toHaveLength(1_001)
  expect(sink.dropped).toBe(0)
})

test('loses the oldest lines past its bound, and counts them', async () => {
  using file = newFile()
  const sink = createSink(file.fd, { boundBytes: 100 })
  for (let i = 0; i < 50; i++) sink.write(`line ${String(i).padStart(4, '0')}`)
  await sink.flush()
  expect(file.text().split('\n').filter(Boolean)).toEqual(Array.from({ length: 10 }, (_, i) => `line 00${40 + i}`))
  expect(sink.dropped).toBe(40)
})

/** Another process with a sink on its stdout, which is a pipe that this test reads or not. It says on stderr how it went. */
const writer = (body: string): ChildProcess & { said: Promise<string> } => {
  const script = `import { createSink } from ${JSON.stringify(join(import.meta.dirname, '../../src/log/sink.ts'))}
    const sink = createSink(1)
    ${body}`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = child.stderr!.toArray().then((chunks) => Buffer.concat(chunks).toString())
  return Object.assign(child, { said })
}

test('a reader that stands still holds up neither the program nor its end', async () => {
  const child = writer(`
    for (let i = 0; i < 300_000; i++) sink.write('x'.repeat(60) + i)
    setTimeout(() => {
      const before = performance.now()
      sink.flushSync(100)
      console.error(JSON.stringify({ tookMs: performance.now() - before, dropped: sink.dropped }))
      process.exit(0)
    }, 50)`)
  const [code] = await once(child, 'exit')
  const { tookMs, dropped } = JSON.parse(await child.said)
  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(1_000)
  expect(dropped).toBeGreaterThan(200_000)
  child.stdout!.destroy()
})

test('a reader that is slow gets whole lines in order', async () => {
  const child = writer(`
    for (let i = 0; i < 50_000; i++) sink.write('line ' + i)
    await sink.flush()
    console.error(sink.dropped)`)
  await once(child, 'spawn')
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout!) {
    chunks.push(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
  expect(lines).toEqual(Array.from({ length: 50_000 }, (_, i) => `line ${i}`))
  expect((await child.said).trim()).toBe('0')
})

test('a reader that has gone away costs lines and nothing else', async () => {
  const child = writer(`
    sink.write('first')
    await sink.flush()
    const timer = setInterval(() => {
      sink.write('more')
      if (sink.dropped < 3) return
      clearInterval(timer)
      sink.flushSync(100)
      console.error('alive')
    }, 1)`)
  await once(child.stdout!, 'data')
  child.stdout!.destroy()
  const [code] = await once(child, 'exit')
  expect([code, (await child.said).trim()]).toEqual([0, 'alive'])
})
