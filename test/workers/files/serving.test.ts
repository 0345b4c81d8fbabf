import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { symlinkSync, truncateSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StaticFilesConfig } from '../../../src/config/config.ts'
import { createRoutingTable } from '../../../workers/routing-table.ts'
import { serveStaticFile } from '../../../workers/steps/static-file.ts'
import { type SiteOptions, snapshotOf, startSite } from '../harness.ts'
import { ask, makeDirectory, staticConfig } from './site.ts'

type Files = Readonly<Record<string, string | Buffer>>
type Options = Partial<StaticFilesConfig> & { readonly site?: SiteOptions }

const start = async (files: Files, { site: options, ...overrides }: Options = {}) => {
  const directory = makeDirectory(files)
  const { server, ...rest } = options ?? {}
  const site = await startSite({ ...rest, server: { static: staticConfig({ public_dir: directory.path, ...overrides }), ...server } })
  return {
    site,
    directory,
    get: (path: string, headers: Record<string, string> = {}, method = 'GET') => ask(site.port, { path, headers, method }),
    /** In the full lane: the fast one does not take a request with Expect. */
    getInFullLane: (path: string, headers: Record<string, string> = {}, method = 'GET') =>
      ask(site.port, { path, headers: { ...headers, expect: '100-continue' }, method }),
    async [Symbol.asyncDispose]() {
      await site.stop()
      directory[Symbol.dispose]()
    },
  }
}

const hash = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex')

describe.each(['get', 'getInFullLane'] as const)('a file, by %s', (lane) => {
  test('is sent with its length, type, entity tag and date', async () => {
    await using it = await start({ 'a.css': 'body {}' })
    const { status, headers, text } = await it[lane]('/a.css')
    expect({ status, text }).toEqual({ status: 200, text: 'body {}' })
    expect(headers).toMatchObject({ 'content-type': 'text/css; charset=utf-8', 'content-length': '7', 'accept-ranges': 'bytes' })
    expect(headers['etag']).toMatch(/^"[\w-]+"$/)
    expect(headers['last-modified']).toMatch(/ GMT$/)
    expect(headers['date']).toMatch(/ GMT$/)
  })

  test('is described without its body by HEAD', async () => {
    await using it = await start({ 'a.css': 'body {}' })
    const { status, headers, text } = await it[lane]('/a.css', {}, 'HEAD')
    expect({ status, text, length: headers['content-length'] }).toEqual({ status: 200, text: '', length: '7' })
  })

  test('is not sent again to who has it', async () => {
    await using it = await start({ 'a.css': 'body {}' }, { cache_control: { default: 60_000, default_immutable: false, overrides: [] } })
    const { headers } = await it[lane]('/a.css')
    const byTag = await it[lane]('/a.css', { 'if-none-match': headers['etag']! })
    const byDate = await it[lane]('/a.css', { 'if-modified-since': headers['last-modified']! })
    expect([byTag.status, byTag.text, byTag.headers['etag'], byTag.headers['cache-control']]).toEqual([
      304,
      '',
      headers['etag'],
      'public, max-age=60',
    ])
    expect([byDate.status, byDate.headers['content-length']]).toEqual([304, undefined])
  })

  test('is refused to who wants another', async () => {
    await using it = await start({ 'a.css': 'body {}' })
    expect((await it[lane]('/a.css', { 'if-match': '"other"' })).status).toBe(412)
  })

  test('is sent in part', async () => {
    await using it = await start({ 'a.txt': '0123456789' })
    const { status, headers, text } = await it[lane]('/a.txt', { range: 'bytes=2-4' })
    expect({ status, text, range: headers['content-range'], length: headers['content-length'] }).toEqual({
      status: 206,
      text: '234',
      range: 'bytes 2-4/10',
      length: '3',
    })
  })

  test('has no part past its end', async () => {
    await using it = await start({ 'a.txt': '0123456789' })
    const { status, headers } = await it[lane]('/a.txt', { range: 'bytes=10-' })
    expect([status, headers['content-range']]).toEqual([416, 'bytes */10'])
  })

  test('is sent compressed from beside it to who takes that', async () => {
    await using it = await start({ 'a.js': 'plain', 'a.js.br': 'brotli', 'a.js.gz': 'gzip!' })
    const compressed = await it[lane]('/a.js', { 'accept-encoding': 'gzip, br' })
    expect(compressed.text).toBe('brotli')
    expect(compressed.headers).toMatchObject({
      'content-encoding': 'br',
      vary: 'Accept-Encoding',
      'content-type': 'text/javascript; charset=utf-8',
    })
    expect((await it[lane]('/a.js', { 'accept-encoding': 'gzip' })).text).toBe('gzip!')
    const plain = await it[lane]('/a.js')
    expect([plain.text, plain.headers['content-encoding'], plain.headers['vary']]).toEqual(['plain', undefined, 'Accept-Encoding'])
  })

  test('of no octets is sent', async () => {
    await using it = await start({ 'a.txt': '' })
    const { status, headers, text } = await it[lane]('/a.txt')
    expect([status, headers['content-length'], text]).toEqual([200, '0', ''])
  })

  test('is logged with its path', async () => {
    await using it = await start({ 'a.css': 'body {}' })
    await it[lane]('/a.css')
    const line = await it.site.line(({ uri }) => uri === '/a.css')
    expect(line).toMatchObject({ status: 200, response_type: 'static', body_bytes_sent: 7, file_path: join(it.directory.path, 'a.css') })
  })

  test('takes no other method where nothing else answers', async () => {
    await using it = await start({ 'a.css': 'body {}' })
    const { status, headers } = await it[lane]('/a.css', {}, 'DELETE')
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD'])
  })

  test('that is a directory with an index is redirected to, query and all', async () => {
    await using it = await start({ 'a/index.html': 'index' }, { try_files: ['index.html'], normalize_trailing_slashes: true })
    const { status, headers } = await it[lane]('/a?b=c')
    expect([status, headers['location']]).toEqual([301, '/a/?b=c'])
    expect((await it[lane]('/a/')).text).toBe('index')
  })
})

describe('a large file', () => {
  test('is sent whole and in part, to fast and slow clients', async () => {
    const content = randomBytes(3_000_001)
    await using it = await start({ 'a.bin': content })
    const [whole, part, slow] = await Promise.all([
      it.get('/a.bin'),
      it.get('/a.bin', { range: 'bytes=1000000-2999999' }),
      readSlowly(it.site.port, '/a.bin'),
    ])
    expect(hash(whole.body)).toBe(hash(content))
    expect(hash(part.body)).toBe(hash(content.subarray(1_000_000, 3_000_000)))
    expect(hash(slow.subarray(slow.indexOf('\r\n\r\n') + 4))).toBe(hash(content))
  })

  test('replaced by another is sent anew, even within the second for which a look counts', async () => {
    await using it = await start({ 'a.bin': Buffer.alloc(300_000, 'a') })
    const before = await it.get('/a.bin')
    it.directory.write('a.bin', Buffer.alloc(400_000, 'b'))
    const after = await it.get('/a.bin')
    expect(after.body.equals(Buffer.alloc(400_000, 'b'))).toBe(true)
    expect(after.headers['etag']).not.toBe(before.headers['etag'])
  })

  test('cut short while it is sent ends the connection', async () => {
    await using it = await start({ 'a.bin': Buffer.alloc(64 * 1024 * 1024) })
    const socket = net.connect(it.site.port, '127.0.0.1')
    socket.write('GET /a.bin HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'readable')
    truncateSync(join(it.directory.path, 'a.bin'), 1_000)
    let received = 0
    socket.on('data', (chunk) => {
      received += chunk.length
    })
    await once(socket, 'close')
    expect(received).toBeLessThan(64 * 1024 * 1024)
    expect(await it.site.line(({ uri }) => uri === '/a.bin')).toMatchObject({ response_type: 'error' })
  })
})

describe('nothing outside the directory', () => {
  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/a/../../secret.txt',
    '/%252e%252e/secret.txt',
    '//secret.txt',
    '/secret.txt%00.html',
    '/.env',
    '/.git/config.txt',
    '/link.txt',
    '/dir/secret.txt',
  ])('is sent for %s', async (path) => {
    await using it = await start({
      'public/a/x.txt': '',
      'public/.env': 'SECRET',
      'public/.git/config.txt': 'SECRET',
      'secret.txt': 'SECRET',
    })
    const root = join(it.directory.path, 'public')
    symlinkSync(join(it.directory.path, 'secret.txt'), join(root, 'link.txt'))
    symlinkSync(it.directory.path, join(root, 'dir'))
    await using strict = await start({}, { public_dir: root, follow_symlinks: false, try_files: ['.html'] })
    const { status, text } = await strict.get(path)
    expect(text).not.toContain('SECRET')
    expect([400, 404]).toContain(status)
  })
})

describe('a tenant', () => {
  test('gets what is no file, and every other method', async () => {
    await using app = await start({})
    await using it = await start({ 'app/a.css': 'file' }, { site: { tenants: [{ name: 'app', port: app.site.port }] } })
    expect((await it.get('/app/a.css')).text).toBe('file')
    expect((await it.get('/app/b.css')).status).toBe(404)
    expect((await it.get('/app/a.css', {}, 'POST')).status).toBe(404)
    const lines = await Promise.all([it.site.line(({ method }) => method === 'POST'), it.site.line(({ uri }) => uri === '/app/b.css')])
    expect(lines.map(({ tenant }) => tenant)).toEqual(['app', 'app'])
  })

  test('has a directory of its own before the shared one', async () => {
    using own = makeDirectory({ 'a.css': 'own' })
    await using it = await start({ 'app/a.css': 'shared' }, { site: { tenants: [{ name: 'app', public_dir: own.path }] } })
    expect((await it.get('/app/a.css')).text).toBe('own')
  })

  test('in maintenance still has its files', async () => {
    await using it = await start({ 'app/a.css': 'file' }, { site: { tenants: [{ name: 'app' }], maintenance: { enabled: true } } })
    expect((await it.get('/app/a.css')).text).toBe('file')
  })
})

test('a file behind a password is for the cache of its user only', () => {
  using directory = makeDirectory({ 'a.css': '' })
  const cache_control = { default: 60_000, default_immutable: false, overrides: [] }
  const routing = createRoutingTable(snapshotOf({ server: { static: staticConfig({ public_dir: directory.path, cache_control }) } }))
  const ageFor = (user: string | undefined) => {
    const verdict = serveStaticFile({
      method: 'GET',
      path: '/a.css',
      query: '',
      header: () => undefined,
      peer: '',
      upgrade: 'none',
      requestId: '',
      routing,
      user,
    })
    return verdict?.kind === 'file' && verdict.headers.find(([name]) => name === 'Cache-Control')?.[1]
  }
  expect([ageFor('ada'), ageFor(undefined)]).toEqual(['private, max-age=60', 'public, max-age=60'])
})

test('the fallback is sent for all that nothing else answers', async () => {
  await using it = await start({ '503.html': 'soon' }, { fallback: '503.html' })
  const { status, text } = await it.get('/anything/at/all')
  expect([status, text]).toEqual([200, 'soon'])
  expect((await it.get('/anything', {}, 'POST')).status).toBe(404)
})

test('pipelined requests for files of memory and disk are answered in order', async () => {
  await using it = await start({ 'a.txt': 'first', 'b.txt': Buffer.alloc(300_000, 'b'), 'c.txt': 'third' })
  const socket = net.connect(it.site.port, '127.0.0.1')
  socket.write(
    ['a', 'b', 'c'].map((name) => `GET /${name}.txt HTTP/1.1\r\nHost: x\r\n${name === 'c' ? 'Connection: close\r\n' : ''}\r\n`).join(''),
  )
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  expect(text.split('HTTP/1.1 200 OK')).toHaveLength(4)
  expect(text.indexOf('first')).toBeLessThan(text.indexOf('bbb'))
  expect(text.endsWith('third')).toBe(true)
})

test('a client that closes with its request is told so', async () => {
  await using it = await start({ 'a.txt': 'text' })
  const { headers, text } = await it.get('/a.txt', { connection: 'close' })
  expect([headers['connection'], text]).toEqual(['close', 'text'])
})

const readSlowly = async (port: number, path: string): Promise<Buffer> => {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) {
    chunks.push(chunk)
    await new Promise(setImmediate)
  }
  return Buffer.concat(chunks)
}
