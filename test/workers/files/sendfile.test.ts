import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startSite } from '../harness.ts'
import { ask, makeDirectory } from './site.ts'

/** A tenant that answers everything alike, and a navigator in front that may send files from `roots`. */
const start = async (headers: Record<string, string>, { roots, status = 200 }: { roots?: readonly string[]; status?: number }) => {
  const asked: IncomingHttpHeaders[] = []
  const app = createServer((incoming, response) => {
    asked.push(incoming.headers)
    response.writeHead(status, { 'Content-Type': 'application/pdf', 'Content-Disposition': 'attachment', ETag: '"app"', ...headers })
    response.end('the body of the app')
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  const { port } = app.address() as AddressInfo
  const site = await startSite({ tenants: [{ name: 'app', path: '/', port, ...(roots === undefined ? {} : { sendfile_roots: roots }) }] })
  return {
    asked,
    get: (headers: Record<string, string> = {}, method = 'GET') => ask(site.port, { path: '/download', headers, method }),
    async [Symbol.asyncDispose]() {
      await site.stop()
      app.close()
      app.closeAllConnections()
    },
  }
}

describe('a file that a tenant names in place of a body', () => {
  test('is sent with the fields of the tenant, whole, in part, or not again', async () => {
    using storage = makeDirectory({ 'a b.pdf': '0123456789' })
    await using it = await start({ 'X-Sendfile': join(storage.path, 'a b.pdf') }, { roots: [storage.path] })
    const { status, headers, text } = await it.get()
    expect([status, text, headers['x-sendfile']]).toEqual([200, '0123456789', undefined])
    expect(headers).toMatchObject({ 'content-type': 'application/pdf', 'content-disposition': 'attachment', 'content-length': '10' })
    expect(headers['etag']).not.toBe('"app"')
    expect((await it.get({ range: 'bytes=3-4' })).text).toBe('34')
    expect((await it.get({ 'if-none-match': headers['etag']! })).status).toBe(304)
    expect((await it.get({}, 'POST')).text).toBe('0123456789')
    expect((await it.get({}, 'HEAD')).headers['content-length']).toBe('10')
  })

  test('is asked for by navigator, never by the client', async () => {
    using storage = makeDirectory({})
    await using it = await start({}, { roots: [storage.path] })
    await using bare = await start({}, {})
    const claims = { 'x-sendfile-type': 'X-Accel-Redirect', 'x-accel-mapping': '/=/x', 'x-other': 'yes' }
    await it.get(claims)
    await bare.get(claims)
    await bare.get({ ...claims, expect: '100-continue' })
    const asked = [...it.asked, ...bare.asked].map((headers) => [
      headers['x-sendfile-type'],
      headers['x-accel-mapping'],
      headers['x-other'],
    ])
    expect(asked).toEqual([
      ['X-Sendfile', undefined, 'yes'],
      [undefined, undefined, 'yes'],
      [undefined, undefined, 'yes'],
    ])
  })

  test('may be percent-encoded in X-Accel-Redirect', async () => {
    using storage = makeDirectory({ 'a b.pdf': '0123456789' })
    await using it = await start({ 'X-Accel-Redirect': encodeURI(join(storage.path, 'a b.pdf')) }, { roots: [storage.path] })
    expect((await it.get()).text).toBe('0123456789')
  })

  test('is not sent from elsewhere, through whatever link or dots', async () => {
    using outside = makeDirectory({ 'secret.txt': 'SECRET' })
    using storage = makeDirectory({})
    symlinkSync(join(outside.path, 'secret.txt'), join(storage.path, 'link.txt'))
    const dots = `${storage.path}/../${basename(outside.path)}/secret.txt`
    for (const name of [join(outside.path, 'secret.txt'), dots, join(storage.path, 'link.txt'), 'secret.txt', storage.path]) {
      await using it = await start({ 'X-Sendfile': name }, { roots: [storage.path] })
      const { status, text } = await it.get()
      expect([status, text.includes('SECRET')], name).toEqual([404, false])
    }
  })

  test('is not looked for without roots, nor with a status other than 200', async () => {
    using storage = makeDirectory({ 'a.pdf': '0123456789' })
    const headers = { 'X-Sendfile': join(storage.path, 'a.pdf') }
    await using bare = await start(headers, {})
    await using created = await start(headers, { roots: [storage.path], status: 201 })
    expect((await bare.get()).text).toBe('the body of the app')
    expect((await created.get()).text).toBe('the body of the app')
  })
})
