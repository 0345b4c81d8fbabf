import { on, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { findFreePort } from '../workers/harness.ts'
import { type Running, root, runNavigator, startNavigator } from './harness.ts'
import { portRange } from './site.ts'

const example = await readFile(join(root, 'examples/websockets-example.yml'), 'utf8')
const identifier = JSON.stringify({ channel: 'ChatChannel' })
const PROTOCOLS = ['actioncable-v1-json', 'actioncable-unsupported']
let site: Running

/** As a user runs it from the repository root, but with ports of its own. */
const relocated = async (): Promise<string> =>
  example
    .replace('listen: ${PORT:-3000}', 'listen: "127.0.0.1:0"')
    .replace('start_port: 4000', `start_port: ${portRange().start_port}`)
    .replaceAll('28080', String(await findFreePort()))
    .replaceAll(/(root|working_dir): examples\//g, `$1: ${root}/examples/`)
    .replaceAll('command: node', `command: ${process.execPath}`)
    .concat('\nlogging:\n  format: json\n')

beforeAll(async () => {
  site = await startNavigator({ config: await relocated() })
  // Navigator does not wait for its managed processes.
  await vi.waitFor(async () => expect((await site.get('/cable')).status).toBe(404), { timeout: 20_000 })
}, 60_000)

afterAll(() => site[Symbol.asyncDispose]())

/** A socket whose texts can be taken one by one. */
const open = async (path: string, protocols: string[] = []) => {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}${path}`, protocols)
  const messages = on(socket, 'message')
  await once(socket, 'open')
  const next = async (): Promise<string> => String((await messages.next()).value?.[0])
  return { socket, next, [Symbol.dispose]: () => socket.terminate() }
}

test('the websockets example holds', async () => {
  expect(await runNavigator(['check', 'examples/websockets-example.yml'], { cwd: root })).toMatchObject({ code: 0, stderr: '' })
})

describe('the websockets example', () => {
  test('passes sockets on to the cable server, with the subprotocol they ask for', async () => {
    using client = await open('/cable', PROTOCOLS)
    expect(client.socket.protocol).toBe('actioncable-v1-json')
    expect(JSON.parse(await client.next())).toEqual({ type: 'welcome', from: '127.0.0.1' })
  })

  test('has the app tell everybody through the cable server', async () => {
    using one = await open('/cable', PROTOCOLS)
    using two = await open('/cable', PROTOCOLS)
    for (const { socket, next } of [one, two]) {
      socket.send(JSON.stringify({ command: 'subscribe', identifier }))
      await next()
      expect(JSON.parse(await next())).toEqual({ type: 'confirm_subscription', identifier })
    }
    expect((await site.get('/', { method: 'POST', body: 'hello' })).status).toBe(204)
    for (const { next } of [one, two]) expect(JSON.parse(await next())).toEqual({ identifier, message: 'hello' })
  })

  test('shows the page, and how many have it open', async () => {
    expect((await site.get('/')).body).toContain('<h1>Chat')
    using first = await open('/online')
    expect(await first.next()).toBe('1')
    // With an encoded dot in its path a request is for the full lane.
    using second = await open('/online%2E')
    expect(await second.next()).toBe('2')
    expect(await first.next()).toBe('2')
  })
})
