import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { expect, test } from 'vitest'
import { awaitReadiness } from '../../src/process/readiness.ts'
import { freePort, runApp } from './run-app.ts'

const never = () => new AbortController().signal

const answering = async (answer: (path: string, ask: number) => { status: number; headers?: Record<string, string> }) => {
  const asked: { path: string; headers: Record<string, unknown> }[] = []
  const server = createServer((request, response) => {
    asked.push({ path: request.url!, headers: request.headers })
    const { status, headers } = answer(request.url!, asked.length)
    response.writeHead(status, headers).end('x'.repeat(100_000))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { asked, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('is ready once the app listens, within 100 ms of it', async () => {
  const port = await freePort()
  let listeningAt = 0
  await using app = await runApp(
    'slow-boot',
    { BOOT_MS: '400', PORT: String(port) },
    {
      onLine(_, line) {
        if (/listening/.test(line)) listeningAt = performance.now()
      },
    },
  )
  await awaitReadiness({ port, path: '/', signal: AbortSignal.timeout(20_000) })
  const readyAt = performance.now()
  await app.line(/listening/)
  expect(readyAt - listeningAt).toBeLessThan(100)
})

test.each([200, 204, 302, 401, 404])('takes %i for ready, at the first asking', async (status) => {
  await using app = await answering(() => ({ status, headers: { location: 'https://elsewhere.invalid/' } }))
  await awaitReadiness({ port: app.port, path: '/up?x=1', signal: never() })
  expect(app.asked.map((ask) => ask.path)).toEqual(['/up?x=1'])
  expect(app.asked[0]!.headers).toMatchObject({ host: 'localhost', 'user-agent': 'navigator-readiness' })
})

test('waits while the app answers 500', async () => {
  const port = await freePort()
  await using _app = await runApp('unready', { PORT: String(port), READY_AFTER: '3' })
  await awaitReadiness({ port, path: '/', signal: AbortSignal.timeout(20_000) })
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('5')
})

test('is not taken in by something that does not speak HTTP', async () => {
  const server = createTcpServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await expect(awaitReadiness({ port, path: '/', signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ name: 'TimeoutError' })
  server.close()
})

test('ends with the reason of the signal while nobody answers', async () => {
  const server = createTcpServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const abort = new AbortController()
  const ready = awaitReadiness({ port: (server.address() as AddressInfo).port, path: '/', signal: abort.signal })
  await once(server, 'connection')
  const reason = new Error('the process has exited')
  abort.abort(reason)
  await expect(ready).rejects.toBe(reason)
  server.close()
})

test('asks not at all under a signal that has fired', async () => {
  const reason = new Error('too late')
  await expect(awaitReadiness({ port: 1, path: '/', signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('takes the expected status for ready, and no other', async () => {
  await using app = await answering((_, ask) => ({ status: [404, 200, 204][ask - 1] ?? 503 }))
  await awaitReadiness({ port: app.port, path: '/', signal: never(), expectedStatus: 204 })
  expect(app.asked).toHaveLength(3)
})

test('does not ask an app that is not to be asked', async () => {
  await using app = await answering(() => ({ status: 503 }))
  await awaitReadiness({ port: app.port, path: undefined, signal: never() })
  expect(app.asked).toEqual([])
})

test('begins to ask after the initial delay, and asks again after each interval', async () => {
  await using app = await answering((_, ask) => ({ status: ask < 3 ? 503 : 200 }))
  const since = performance.now()
  await awaitReadiness({ port: app.port, path: '/', signal: never(), initialDelayMs: 100, intervalMs: 60 })
  expect(performance.now() - since).toBeGreaterThanOrEqual(215)
})
