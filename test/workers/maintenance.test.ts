import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { staticConfig } from './files/site.ts'
import { ask, type Site, startApp, startSite } from './harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-maintenance-'))
afterAll(() => rmSync(directory, { recursive: true }))
const page = (name: string): string => {
  const file = join(directory, `${name}.html`)
  writeFileSync(file, `<h1>${name}</h1>`)
  return file
}

const browser = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
/** Pages are read beside all else: the first request may be quicker. */
const shows = (site: Site, path: string, body: string) =>
  vi.waitFor(async () => expect(await ask(site, path, browser)).toMatchObject({ status: 503, body }), { timeout: 5_000 })

describe('in maintenance', () => {
  test('a browser gets the page, an API client JSON, anybody else text', async () => {
    await using site = await startSite({ maintenance: { enabled: true }, tenants: [{ name: 'boston' }] })
    const html = await ask(site, '/boston/', browser)
    expect(html).toMatchObject({ status: 503, headers: { 'content-type': 'text/html; charset=utf-8', 'retry-after': '5', refresh: '5' } })
    const json = await ask(site, '/boston/', { headers: { accept: 'application/json', 'x-request-id': 'r-1' } })
    expect(json).toMatchObject({ status: 503, headers: { 'content-type': 'application/json; charset=utf-8', 'retry-after': '5' } })
    expect(JSON.parse(json.body)).toMatchObject({ error: { status: 503, request_id: 'r-1' } })
    expect(json.headers).not.toHaveProperty('refresh')
    const text = await ask(site, '/boston/', { headers: { accept: '*/*' } })
    expect(text).toMatchObject({
      status: 503,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': expect.stringContaining('no-store') },
    })
    expect(await site.line(() => true)).toMatchObject({ status: 503, response_type: 'maintenance' })
    expect(site.messages.some(({ type }) => type === 'tenant.requested')).toBe(false)
  })

  test('a site without tenants answers 503 everywhere, also to HEAD', async () => {
    await using site = await startSite({ maintenance: { enabled: true } })
    expect((await ask(site, '/', browser)).status).toBe(503)
    expect((await ask(site, '/any/where', browser)).status).toBe(503)
    expect(await ask(site, '/', { ...browser, method: 'HEAD' })).toMatchObject({ status: 503, body: '' })
  })

  test('health check, redirects, scripts, reverse proxies and files go on', async () => {
    const script = join(directory, 'script')
    writeFileSync(script, '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nscript"\n', { mode: 0o755 })
    writeFileSync(join(directory, 'file.txt'), 'file')
    await using app = await startApp((_, response) => void response.end('upstream'))
    await using site = await startSite({
      maintenance: { enabled: true },
      server: {
        health_check: { path: '/up', response: { status: 200, body: 'OK', headers: {} } },
        cgi_scripts: [{ path: '/run', script, env: {} }],
        static: staticConfig({ public_dir: directory }),
      },
      reverse_proxies: [{ prefix: '/api/', target: `http://127.0.0.1:${app.port}` }],
      tenants: [{ name: 'boston' }],
    })
    expect((await ask(site, '/up')).body).toBe('OK')
    expect((await ask(site, '/boston')).status).toBe(302)
    expect((await ask(site, '/run')).body).toBe('script')
    expect((await ask(site, '/api/')).body).toBe('upstream')
    expect((await ask(site, '/file.txt')).body).toBe('file')
  })

  test('the page is that of the tenant, else that of all', async () => {
    await using site = await startSite({
      maintenance: { enabled: true, page: page('all') },
      tenants: [{ name: 'own', maintenance: { enabled: false, page: page('own') } }, { name: 'plain' }],
    })
    await shows(site, '/own/', '<h1>own</h1>')
    await shows(site, '/plain/', '<h1>all</h1>')
  })

  test('a page that is written anew is shown before long', async () => {
    const file = page('before')
    await using site = await startSite({ maintenance: { enabled: true, page: file } })
    await shows(site, '/', '<h1>before</h1>')
    writeFileSync(file, 'after')
    await vi.waitFor(async () => expect((await ask(site, '/', browser)).body).toBe('after'), { timeout: 8_000, interval: 200 })
  })

  test('one tenant is alone when only it is', async () => {
    await using app = await startApp((_, response) => void response.end('served'))
    await using site = await startSite({
      tenants: [
        { name: 'closed', port: app.port, maintenance: { enabled: true } },
        { name: 'open', port: app.port },
      ],
    })
    expect((await ask(site, '/closed/x', browser)).status).toBe(503)
    expect((await ask(site, '/open/x', browser)).body).toBe('served')
  })
})

test("a slow start shows the tenant's own page", async () => {
  await using site = await startSite({
    tenants: [{ name: 'slow', startup_timeout: 50, maintenance: { enabled: false, page: page('patience') } }],
  })
  await shows(site, '/slow/', '<h1>patience</h1>')
})
