import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { staticConfig } from './files/site.ts'
import { ask, type SiteOptions, startApp, startSite } from './harness.ts'

const CRAWLER = { headers: { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' } }
const BROWSER = {
  headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36' },
}

type Action = NonNullable<NonNullable<SiteOptions['server']>['bot_detection']>['action']
const detection = (action: Action, enabled = true) => ({ enabled, action })
const startTenant = () => startApp((_, response) => void response.end('from the tenant'))

describe.each(['reject', 'static-only'] as const)('bot_detection %s', (action) => {
  test('turns a crawler away from a tenant, asleep or awake, and nobody else', async () => {
    await using app = await startTenant()
    await using site = await startSite({
      server: { bot_detection: detection(action) },
      tenants: [{ name: 'asleep' }, { name: 'awake', port: app.port }],
    })
    expect((await ask(site, '/asleep/', CRAWLER)).status).toBe(403)
    expect(await site.line(({ uri }) => uri === '/asleep/')).toMatchObject({ status: 403, response_type: 'bot-blocked' })
    expect((await ask(site, '/awake/', CRAWLER)).status).toBe(403)
    expect((await ask(site, '/awake/', BROWSER)).body).toBe('from the tenant')
    expect((await ask(site, '/awake/')).body).toBe('from the tenant')
    expect(site.messages.some(({ type }) => type === 'tenant.requested')).toBe(false)
  })

  test('leaves files and reverse proxies to crawlers', async () => {
    await using app = await startTenant()
    const public_dir = await mkdtemp(join(tmpdir(), 'navigator-bots-'))
    await writeFile(join(public_dir, 'robots.txt'), 'welcome')
    await using site = await startSite({
      server: { bot_detection: detection(action), static: staticConfig({ public_dir }) },
      reverse_proxies: [{ prefix: '/api/', target: `http://127.0.0.1:${app.port}` }],
      tenants: [{ name: 'all', path: '/' }],
    })
    expect((await ask(site, '/robots.txt', CRAWLER)).body).toBe('welcome')
    expect((await ask(site, '/api/x', CRAWLER)).body).toBe('from the tenant')
    expect((await ask(site, '/page', CRAWLER)).status).toBe(403)
    await rm(public_dir, { recursive: true })
  })
})

test('bot_detection awake-only serves crawlers while the tenant is awake, and does not wake it for them', async () => {
  await using app = await startTenant()
  await using site = await startSite({
    server: { bot_detection: detection('awake-only') },
    tenants: [{ name: 'asleep' }, { name: 'awake', port: app.port }],
  })
  expect((await ask(site, '/awake/', CRAWLER)).body).toBe('from the tenant')
  expect(await ask(site, '/asleep/', CRAWLER)).toMatchObject({ status: 503, headers: { 'retry-after': '3600' } })
  expect(site.messages.some(({ type }) => type === 'tenant.requested')).toBe(false)
})

test.each([detection('ignore'), detection('reject', false), undefined])(
  'with bot_detection %o crawlers are served like people',
  async (bot_detection) => {
    await using app = await startTenant()
    await using site = await startSite({ server: bot_detection ? { bot_detection } : {}, tenants: [{ name: 'awake', port: app.port }] })
    expect((await ask(site, '/awake/', CRAWLER)).body).toBe('from the tenant')
  },
)

test("a tenant's own bot_detection counts instead of the server's", async () => {
  await using app = await startTenant()
  await using site = await startSite({
    server: { bot_detection: detection('reject') },
    tenants: [
      { name: 'demo', port: app.port, bot_detection: detection('ignore') },
      { name: 'other', port: app.port },
    ],
  })
  expect((await ask(site, '/demo/', CRAWLER)).status).toBe(200)
  expect((await ask(site, '/other/', CRAWLER)).status).toBe(403)
})
