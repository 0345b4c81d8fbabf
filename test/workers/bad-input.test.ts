import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ask, dial, startApp, startSite, talk } from './harness.ts'

const startCounter = async () => {
  const seen: string[] = []
  const app = await startApp((request, response) => {
    seen.push(request.url ?? '')
    response.end('ok')
  })
  return { ...app, seen }
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const SMUGGLED = '0\r\n\r\nGET /boston/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

describe('what is refused and closed before anything reaches a tenant', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/3.0', 'GET /boston/ HTTP/3.0\r\nHost: x\r\n\r\n', '(400|505)'],
    ['RTSP', 'DESCRIBE /boston/ RTSP/1.0\r\nHost: x\r\n\r\n', '(400|501)'],
    ['ICE', 'SOURCE /boston/ ICE/1.0\r\nHost: x\r\n\r\n', '(400|501)'],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['TRACE', 'TRACE /boston/ HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    ['an expectation that is none', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n', 417],
    ['no Host', 'GET /boston/ HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400],
    ['two Hosts that agree', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400],
    ['a Host that is none', 'GET /boston/ HTTP/1.1\r\nHost: x/y\r\n\r\n', 400],
    ['a Host with credentials', 'GET /boston/ HTTP/1.1\r\nHost: a@x\r\n\r\n', 400],
    ['a blank in the target', 'GET /boston/ x HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a fragment in the target', 'GET /boston/#x HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a target of stars', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a target that makes no URL', 'GET http:// HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a target of another scheme', 'GET ftp://x/boston/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a length and a coding', `POST /boston/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n${CHUNKED}\r\n${SMUGGLED}`, 400],
    ['two lengths', `POST /boston/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
    ['a length list', `POST /boston/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello`, 400],
    ['a signed length', `POST /boston/ HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello`, 400],
    ['another coding', `POST /boston/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${SMUGGLED}`, '(400|501)'],
    ['a coding not at the end', `POST /boston/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n${SMUGGLED}`, 400],
    ['a coding in HTTP/1.0', `POST /boston/ HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n${CHUNKED}\r\n${SMUGGLED}`, 400],
    ['a folded field', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n', 400],
    ['a blank before the colon', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nX-A : a\r\n\r\n', 400],
    ['a NUL in a field', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n', 400],
    ['a DEL in a field', 'GET /boston/ HTTP/1.1\r\nHost: x\r\nX-A: a\x7fb\r\n\r\n', 400],
    ['bare line feeds', 'GET /boston/ HTTP/1.1\nHost: x\n\n', 400],
    ['a head without end', `GET /boston/ HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
  ])('%s', async (_, bytes, status) => {
    await using app = await startCounter()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    expect(await talk(site, bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*request id`))
    expect(app.seen).toEqual([])
    expect(await site.line(() => true)).toMatchObject({ response_type: 'error', status: expect.any(Number) })
    expect((await ask(site, '/boston/next')).status).toBe(200)
  })
})

describe('what is carried though it looks odd', () => {
  test.each([
    '/boston//double//slashes',
    '/boston/../up/./here',
    '/boston/%',
    '/boston/%zz?%',
    '/boston/?a?b?c#'.replace('#', ''),
    '/boston/[]{}|\\^`<>"\'',
    '/boston/http://evil.example/',
    '/boston/\xe9\xff',
  ])('%s', async (path) => {
    await using app = await startCounter()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(site, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    if (text.startsWith('HTTP/1.1 400 ')) expect(app.seen).toEqual([])
    else expect(app.seen).toEqual([path])
  })

  test('a request target that starts with two slashes stays a path', async () => {
    await using app = await startCounter()
    await using site = await startSite({ tenants: [{ name: 'root', path: '/', port: app.port }] })
    await talk(site, 'GET //evil.example/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(app.seen).toEqual(['//evil.example/x'])
  })

  test('HTTP/1.0, answered and closed even if it asks to be kept', async () => {
    await using app = await startCounter()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(site, 'GET /boston/ HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close\r\n[\s\S]*ok$/)
  })

  test('3,000 fields', async () => {
    await using app = await startApp((request, response) => response.end(String(request.rawHeaders.length > 4_000)))
    app.server.maxHeadersCount = 0
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const fields = Array.from({ length: 2_200 }, (_, i) => `a${i}: 1\r\n`).join('')
    const text = await talk(site, `GET /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n`)
    expect(text).toMatch(/true$|^HTTP\/1.1 431 /)
  })

  test('fields with the names of an object’s own', async () => {
    await using app = await startApp((request, response) => response.end(request.rawHeaders.join('|')))
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
    const text = await talk(
      site,
      'GET /boston/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n__proto__: a\r\nconstructor: b\r\ntoString: c\r\n\r\n',
    )
    expect(text).toMatch(/__proto__\|a.*constructor\|b.*tostring\|c/i)
  })
})

describe('a client that dawdles', () => {
  test('over its head gets a 408', async () => {
    await using site = await startSite({ timeouts: { header: 200 } })
    expect(await talk(site, 'GET / HTTP/1.1\r\nHost:')).toMatch(/^HTTP\/1.1 408 /)
  })

  test('before its first byte is closed without a word', async () => {
    await using site = await startSite({ timeouts: { header: 200, keep_alive: 200 } })
    const wire = await dial(site.port)
    expect(await wire.rest()).toBe('')
  })

  test('between two requests is closed', async () => {
    await using app = await startCounter()
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }], timeouts: { keep_alive: 50 } })
    expect(await talk(site, 'GET /boston/ HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/ok$/)
  })

  test('over its body is closed when timeouts.idle says so, and its request ended', async () => {
    await using app = await startApp(() => {})
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }], timeouts: { idle: 100 } })
    expect(await talk(site, 'POST /boston/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc')).toBe('')
    expect(await site.line(() => true)).toMatchObject({ status: 499 })
    expect(site.traffic('boston').inFlight).toBe(0)
  })

  test('is not blamed for the silence of its tenant', async () => {
    await using app = await startApp((_, response) => setTimeout(() => response.end('late'), 300))
    await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }], timeouts: { idle: 100 } })
    expect((await ask(site, '/boston/')).body).toBe('late')
  })
})

test('garbage of every kind never ends the worker', async () => {
  await using app = await startCounter()
  await using site = await startSite({ tenants: [{ name: 'boston', port: app.port }] })
  const request = 'POST /boston/a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nabc'
  const mutated = Array.from({ length: 300 }, (_, seed) => {
    const at = (seed * 7919) % request.length
    return request.slice(0, at) + String.fromCharCode((seed * 104_729) % 256) + request.slice(at + (seed % 3))
  })
  for (let i = 0; i < mutated.length; i += 50) {
    await Promise.all(
      mutated.slice(i, i + 50).map(async (bytes) => {
        const wire = await dial(site.port)
        wire.socket.end(bytes, 'latin1')
        await wire.rest()
      }),
    )
  }
  expect((await ask(site, '/boston/')).status).toBe(200)
  expect(site.traffic('boston').inFlight).toBe(0)
})

test('the configured maintenance page is shown instead of the built-in one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'navigator-'))
  const page = join(directory, '503.html')
  await writeFile(page, '<h1>Our own</h1>')
  await using site = await startSite({ maintenance: { enabled: true, page } })
  await readFile(page)
  const reply = await ask(site, '/', { headers: { accept: 'text/html' } })
  expect(reply).toMatchObject({ status: 503, body: '<h1>Our own</h1>', headers: { refresh: '5' } })
  await rm(directory, { recursive: true })
})
