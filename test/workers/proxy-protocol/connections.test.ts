import { hash } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bodyOf, dial, type Lanes, type Site, type SiteOptions, snapshotOf, startApp, startSite, talk } from '../harness.ts'
import { extension, local, tcp4, tcp6, text4, text6 } from './headers.ts'

const CLIENT = '203.0.113.7'
const GET = 'GET /app/ HTTP/1.1\r\nHost: x\r\n'
const LAST = `${GET}Connection: close\r\n\r\n`

const hashOf = (content: string | Buffer): string => hash('sha256', content)

const startEcho = () =>
  startApp((request, response) => void request.resume().once('end', () => response.end(JSON.stringify(request.headers))))

const siteFor = (port: number, options: SiteOptions = {}): Promise<Site> =>
  startSite({ tenants: [{ name: 'app', port }], ...options, server: { proxy_protocol: true, ...options.server } })

describe.each<Lanes>(['both', 'full'])('with lanes: %s, a header', (lanes) => {
  test.each([
    ['of version 1', text4(CLIENT), CLIENT],
    ['of version 1 for IPv6', text6('2001:db8::7'), '2001:db8::7'],
    ['for an unknown client', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
    ['of version 2', tcp4(CLIENT), CLIENT],
    ['of version 2 for IPv6', tcp6('2001:db8:0:0:0:0:0:7'), '2001:db8::7'],
    ['of version 2 for IPv4 in IPv6', tcp6('0:0:0:0:0:ffff:cb00:7107'), CLIENT],
    ['with extensions', tcp4(CLIENT, extension(0x04, 'x'.repeat(1_000))), CLIENT],
    ['of the proxy itself', local(), '127.0.0.1'],
  ])('%s says who the client is', async (_, header, client) => {
    await using app = await startEcho()
    await using site = await siteFor(app.port, { lanes })
    const answer = await talk(site, header + LAST)
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(answer).toContain(`"x-forwarded-for":"${client}"`)
    expect(await site.line(({ uri }) => uri === '/app/')).toMatchObject({ client_ip: client })
  })

  test.each([text4(CLIENT), tcp6('2001:db8:0:0:0:0:0:7', extension(0x04, 'x'))])('may come in single bytes: %j', async (header) => {
    await using app = await startEcho()
    await using site = await siteFor(app.port, { lanes })
    const wire = await dial(site.port)
    for (const byte of header + LAST) {
      wire.write(byte)
      await new Promise(setImmediate)
    }
    expect(await wire.rest()).toMatch(/^HTTP\/1.1 200 [\s\S]*"x-forwarded-for":"(203.0.113.7|2001:db8::7)"/)
  })

  test.each([text4(CLIENT), tcp4(CLIENT)])('may be cut anywhere: %j', async (header) => {
    await using app = await startEcho()
    await using site = await siteFor(app.port, { lanes })
    const cuts = Array.from({ length: header.length }, (_, cut) => cut + 1)
    const answers = await Promise.all(
      cuts.map(async (cut) => {
        const wire = await dial(site.port)
        wire.write(header.slice(0, cut))
        await new Promise(setImmediate)
        wire.write(header.slice(cut) + LAST)
        return wire.rest()
      }),
    )
    for (const answer of answers) expect(answer).toContain(`"x-forwarded-for":"${CLIENT}"`)
  })

  test('is for all requests of its connection', async () => {
    await using app = await startEcho()
    await using site = await siteFor(app.port, { lanes })
    const wire = await dial(site.port)
    const chunked = 'POST /app/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'
    wire.write(`${text4(CLIENT)}${GET}\r\n`)
    await wire.count('"x-forwarded-for":"203.0.113.7"', 1)
    wire.write(`${GET}\r\n`)
    await wire.count('"x-forwarded-for":"203.0.113.7"', 2)
    wire.write(chunked)
    await wire.count('"x-forwarded-for":"203.0.113.7"', 3)
    wire.write(LAST)
    await wire.count('"x-forwarded-for":"203.0.113.7"', 4)
    wire.socket.destroy()
  })

  test('may come with the beginning of an upload, of which nothing is lost', async () => {
    await using app = await startApp(async (request, response) => void response.end(hashOf(await bodyOf(request))))
    await using site = await siteFor(app.port, { lanes })
    const body = Array.from({ length: 100_000 }, (_, line) => `${line}\n`).join('')
    const post = `POST /app/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(await talk(site, tcp4(CLIENT) + post)).toContain(hashOf(body))
  })

  test('cannot come twice', async () => {
    await using site = await startSite({ lanes, server: { proxy_protocol: true } })
    expect(await talk(site, text4(CLIENT) + text4(CLIENT) + LAST)).toMatch(/^HTTP\/1.1 400 /)
  })

  test.each(['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'PROXY TCP4 nobody\r\n', `\r\n\r\n\0\r\nQUIT\n\x31${LAST}`, '\r\n'.repeat(100)])(
    'cannot be %j: the connection is closed without an answer',
    async (bytes) => {
      await using site = await startSite({ lanes, server: { proxy_protocol: true } })
      expect(await talk(site, bytes + LAST)).toBe('')
      expect(await site.line(() => true)).toMatchObject({
        client_ip: '127.0.0.1',
        status: 400,
        error_message: 'no valid PROXY protocol header',
      })
    },
  )

  test('is not read from peers that need not send one', async () => {
    await using app = await startEcho()
    await using site = await siteFor(app.port, { lanes, server: { proxy_protocol: ['10.0.0.0/8'] } })
    expect(await talk(site, LAST)).toContain('"x-forwarded-for":"127.0.0.1"')
    expect(await talk(site, text4(CLIENT) + LAST)).toMatch(/^HTTP\/1.1 400 /)
  })

  test('that does not come whole in time closes the connection', async () => {
    await using site = await startSite({ lanes, server: { proxy_protocol: true }, timeouts: { header: 50 } })
    const [silent, slow] = await Promise.all([talk(site, ''), talk(site, text4(CLIENT).slice(0, -1))])
    expect([silent, slow]).toEqual(['', ''])
    expect(await site.line(() => true)).toMatchObject({ error_message: 'no whole PROXY protocol header in time' })
    expect(site.lines).toHaveLength(1)
  })

  test('whose client leaves in the middle of it is given up', async () => {
    await using site = await startSite({ lanes, server: { proxy_protocol: true } })
    const wire = await dial(site.port)
    wire.socket.end('PROXY TCP4')
    expect(await wire.rest()).toBe('')
  })
})

describe('the address in a header', () => {
  test('decides who is a trusted proxy', async () => {
    await using app = await startEcho()
    await using site = await siteFor(app.port, { server: { trust_proxy: ['203.0.113.0/24'] } })
    const forwarded = `${GET}X-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n`
    expect(await talk(site, tcp4(CLIENT) + forwarded)).toContain('"x-forwarded-for":"192.0.2.1, 203.0.113.7"')
    expect(await talk(site, local() + forwarded)).toContain('"x-forwarded-for":"127.0.0.1"')
  })

  test('decides whether a broadcast comes from this machine', async () => {
    await using site = await startSite({ cable: {}, server: { proxy_protocol: true } })
    const body = '{"stream":"a","data":"b"}'
    const post = `POST /_broadcast HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect(await talk(site, tcp4(CLIENT) + post)).toMatch(/^HTTP\/1.1 403 /)
    expect(await talk(site, local() + post)).toMatch(/^HTTP\/1.1 200 /)
  })

  test('is that of a client without a password', async () => {
    await using site = await startSite({ auth: { enabled: true, htpasswd: '/nowhere/htpasswd' }, server: { proxy_protocol: true } })
    expect(await talk(site, text4(CLIENT) + LAST)).toMatch(/^HTTP\/1.1 401 /)
    expect(await site.line(() => true)).toMatchObject({ client_ip: CLIENT, response_type: 'auth-failure' })
  })

  test('is that of a client whose request is malformed', async () => {
    await using site = await startSite({ server: { proxy_protocol: true } })
    expect(await talk(site, `${text4(CLIENT)}nonsense\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /)
    expect(await site.line(() => true)).toMatchObject({ client_ip: CLIENT, status: 400 })
  })

  test('is REMOTE_ADDR of a CGI script', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'navigator-proxy-protocol-'))
    try {
      const script = join(directory, 'who')
      await writeFile(script, '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n$REMOTE_ADDR $HTTP_X_FORWARDED_FOR"\n')
      await chmod(script, 0o755)
      await using site = await startSite({ server: { proxy_protocol: true, cgi_scripts: [{ path: '/app/', script, env: {} }] } })
      expect(await talk(site, tcp4(CLIENT) + LAST)).toContain(`${CLIENT} ${CLIENT}`)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('a worker', () => {
  test('asks new connections for a header once a reload says so', async () => {
    await using site = await startSite()
    const before = await dial(site.port)
    before.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await before.until('404')
    site.send({ type: 'routing.published', snapshot: snapshotOf({ server: { proxy_protocol: true } }, 2) })
    await expect.poll(() => talk(site, LAST)).toBe('')
    before.write(LAST)
    await before.count('HTTP/1.1 404', 2)
    await before.rest()
  })

  test('that drains waits for no header', async () => {
    const site = await startSite({ server: { proxy_protocol: true } })
    const wire = await dial(site.port)
    wire.write('PROXY ')
    await expect(talk(site, LAST)).resolves.toBe('')
    await site.drain(60_000)
    expect(await wire.rest()).toBe('')
  })
})
