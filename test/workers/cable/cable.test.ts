import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ask, dial, snapshotOf, startApp, startSite } from '../harness.ts'
import { listenTo, post } from './client.ts'

const refusal = (message: string) => new RegExp(`Unexpected server response: ${message}`)

describe('a cable socket', () => {
  test('gets what is posted to its streams, and nothing else', async () => {
    await using site = await startSite({ cable: {} })
    using client = await listenTo(site)
    client.say({ type: 'subscribe', stream: 'scores' })
    expect(await client.next()).toBe('{"type":"subscribed","stream":"scores"}')
    expect(await post(site, { stream: 'others', data: 1 })).toMatchObject({ status: 200, body: '' })
    expect(await post(site, '{"STREAM": "scores", "data": {"html": "<b>é</b>", "n": null}}')).toMatchObject({ status: 200, body: '' })
    expect(await client.next()).toBe('{"type":"message","stream":"scores","data":{"html":"<b>é</b>","n":null}}')
    await post(site, { stream: 'scores' })
    expect(await client.next()).toBe('{"type":"message","stream":"scores"}')
    client.say({ type: 'unsubscribe', stream: 'scores' })
    client.say({ type: 'subscribe', stream: 'end' })
    await client.next()
    await post(site, { stream: 'scores', data: 2 })
    await post(site, { stream: 'end', data: null })
    expect(await client.next()).toBe('{"type":"message","stream":"end","data":null}')
  })

  test('is told each time that it is subscribed, and gets each message once', async () => {
    await using site = await startSite({ cable: {} })
    using client = await listenTo(site)
    await client.subscribe('a')
    await client.subscribe('a')
    await post(site, { stream: 'a', data: 1 })
    await post(site, { stream: 'a', data: 2 })
    expect([await client.next(), await client.next()].map((text) => JSON.parse(text).data)).toEqual([1, 2])
  })

  test('may say what it likes', async () => {
    await using site = await startSite({ cable: {} })
    using client = await listenTo(site)
    for (const text of ['', 'x', '[]', 'null', '{"type":"subscribe"}', '{"type":"subscribe","stream":""}', '{"type":"shout","stream":"a"}'])
      client.socket.send(text)
    client.socket.send(Buffer.from('{"Type":"subscribe","Stream":"binary"}'))
    expect(await client.next()).toBe('{"type":"subscribed","stream":"binary"}')
    client.socket.ping('still there?')
    expect(String((await once(client.socket, 'pong'))[0])).toBe('still there?')
    expect(client.texts).toHaveLength(1)
  })

  test('is closed for a message of more than 128 KiB', async () => {
    await using site = await startSite({ cable: {} })
    using client = await listenTo(site)
    client.socket.send('x'.repeat(131_072))
    await client.subscribe('a')
    client.socket.send('x'.repeat(131_073))
    expect(await client.closed).toBe(1009)
  })

  test('is closed for more streams than anybody needs', async () => {
    await using site = await startSite({ cable: {} })
    using client = await listenTo(site)
    for (let number = 0; number <= 1_000; number++) client.say({ type: 'subscribe', stream: `s${number}` })
    expect(await client.closed).toBe(1008)
  })

  test('gets what was posted to another worker', async () => {
    const channel = randomUUID()
    await using one = await startSite({ cable: {}, channel })
    await using two = await startSite({ cable: {}, channel })
    await using stranger = await startSite({ cable: {} })
    using near = await listenTo(one)
    using far = await listenTo(two)
    await Promise.all([near.subscribe('a'), far.subscribe('a')])
    await post(stranger, { stream: 'a', data: 'not ours' })
    await post(one, { stream: 'a', data: 'ours' })
    expect(JSON.parse(await near.next()).data).toBe('ours')
    expect(JSON.parse(await far.next()).data).toBe('ours')
  })

  test('agrees to no subprotocol and no compression', async () => {
    await using site = await startSite({ cable: {} })
    const wire = await dial(site.port)
    wire.write(
      'GET /cable HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
    )
    const head = await wire.until('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1.1 101 /)
    expect(head).not.toMatch(/sec-websocket-(protocol|extensions)/i)
    wire.socket.destroy()
    expect(await site.line(() => true)).toMatchObject({ status: 101, response_type: 'websocket', uri: '/cable' })
  })

  test('is refused a malformed handshake, and a request that is none', async () => {
    await using site = await startSite({ cable: {} })
    const wire = await dial(site.port)
    wire.write('GET /cable HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: short\r\n\r\n')
    expect(await wire.rest()).toMatch(/^HTTP\/1.1 400 /)
    expect(await ask(site, '/cable')).toMatchObject({ status: 400 })
  })

  test('is closed with 1001 at shutdown', async () => {
    const site = await startSite({ cable: {} })
    using client = await listenTo(site)
    await client.subscribe('a')
    await Promise.all([site.drain(10_000), client.closed.then((code) => expect(code).toBe(1001))])
  })

  test('outlives a reload', async () => {
    await using site = await startSite({ cable: {} })
    using client = await listenTo(site)
    await client.subscribe('a')
    site.send({ type: 'routing.published', snapshot: snapshotOf({ cable: { path: '/elsewhere' } }, 2) })
    using other = await listenTo(site, '/elsewhere')
    await other.subscribe('a')
    await post(site, { stream: 'a', data: 1 })
    expect([await client.next(), await other.next()].map((text) => JSON.parse(text).data)).toEqual([1, 1])
  })

  test('needs the password that its path needs', async () => {
    await using site = await startSite({ cable: {}, auth: { enabled: true, htpasswd: '/nowhere/htpasswd' } })
    await expect(listenTo(site)).rejects.toThrow(refusal('401'))
    expect(await post(site, { stream: 'a' })).toMatchObject({ status: 200 })
  })

  test('is let in from its own site and those allowed, and from no other', async () => {
    await using site = await startSite({ cable: { allowed_origins: ['https://friend.example'] } })
    const from = (origin: string, host?: string) => listenTo(site, '/cable', { origin, ...(host && { headers: { host } }) })
    using _own = await from(`http://127.0.0.1:${site.port}`)
    using _behindTls = await from('https://app.example', 'app.example:443')
    using _friend = await from('https://friend.example')
    for (const origin of [
      'https://evil.example',
      'null',
      `http://127.0.0.1:${site.port}.evil.example`,
      'https://evil.example/https://friend.example',
    ])
      await expect(from(origin)).rejects.toThrow(refusal('403'))
  })
})

describe('a cable that the file says nothing of', () => {
  const implied = { cable: { yields: true } }

  test('is there', async () => {
    await using app = await startApp((_, response) => response.end('app'))
    await using site = await startSite({ ...implied, tenants: [{ name: 'app', path: '/', port: app.port }] })
    using client = await listenTo(site)
    await client.subscribe('a')
    await post(site, { stream: 'a', data: 1 })
    expect(JSON.parse(await client.next()).data).toBe(1)
    expect(await ask(site, '/cable')).toMatchObject({ status: 200, body: 'app' })
  })

  test('leaves its paths to reverse proxies, which a written one does not', async () => {
    await using app = await startApp((_, response) => response.end('proxied'))
    const rules = { reverse_proxies: [{ path: '^/(cable|_broadcast)', target: `http://127.0.0.1:${app.port}`, websocket: true }] }
    await using site = await startSite({ ...implied, ...rules })
    await expect(listenTo(site)).rejects.toThrow(refusal('200'))
    expect(await post(site, { stream: 'a' })).toMatchObject({ body: 'proxied' })
    await using written = await startSite({ cable: {}, ...rules })
    using _client = await listenTo(written)
    expect(await post(written, { stream: 'a' })).toMatchObject({ status: 200, body: '' })
  })

  test('leaves its path to a tenant of that path', async () => {
    await using site = await startSite({ ...implied, tenants: [{ name: 'cable', path: '/cable/' }] })
    await expect(listenTo(site)).rejects.toThrow(refusal('302'))
  })

  test('leaves the clients of Action Cable to their app', async () => {
    await using app = await startApp((_, response) => response.writeHead(418).end())
    await using site = await startSite({ ...implied, tenants: [{ name: 'app', path: '/', port: app.port }] })
    await expect(listenTo(site, '/cable', { headers: { 'sec-websocket-protocol': 'actioncable-v1-json' } })).rejects.toThrow(refusal('418'))
  })
})
