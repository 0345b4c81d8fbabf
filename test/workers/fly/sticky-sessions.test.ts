import { describe, expect, test } from 'vitest'
import { signMark } from '../../../workers/fly/replay-mark.ts'
import { ask, startApp, startSite } from '../harness.ts'
import { type Asked, routesOf, tableOf, verdictOn } from '../rules/deciding.ts'

const env = { FLY_APP_NAME: 'site', FLY_REGION: 'iad', FLY_MACHINE_ID: 'a1b2c3d4', FLY_IMAGE_REF: 'registry/site:1' }
const here = { secret: 'site registry/site:1' }
const away = { cookie: 'a=b; _navigator_machine=ff00ff00' }
const home = { cookie: '_navigator_machine=a1b2c3d4' }

const decided = (keys: string, url: string, asked: Asked = {}, more = '') =>
  verdictOn(tableOf(`fly:\n  sticky_sessions: { enabled: true, ${keys} }\n${more}`, { env, server: { trust_proxy: true } }), url, asked)
    .verdict

const cookieOf = (keys: string, url: string, asked: Asked = {}) => {
  const verdict = decided(keys, url, asked)
  const headers = verdict.kind === 'respond' ? verdict.headers : 'setHeaders' in verdict ? (verdict.setHeaders ?? []) : []
  return headers.find(([name]) => name === 'Set-Cookie')?.[1]
}

describe('a browser without a home', () => {
  test('is given this machine', () => {
    expect(cookieOf('', '/x')).toBe('_navigator_machine=a1b2c3d4; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax')
  })

  test.each([
    ['cookie_name: m', /^m=a1b2c3d4;/],
    ['cookie_max_age: 2h', /Max-Age=7200/],
    ['cookie_path: /app', /Path=\/app;/],
    ['cookie_samesite: strict', /SameSite=Strict$/],
    ['cookie_samesite: NONE', /Secure; SameSite=None$/],
    ['cookie_secure: true', /; Secure;/],
    ['cookie_httponly: false', /^(?!.*HttpOnly)/],
  ])('by a cookie with %s', (key, wanted) => {
    expect(cookieOf(key, '/x')).toMatch(wanted)
  })

  test('gets a secure cookie over HTTPS', () => {
    expect(cookieOf('', '/x', { headers: { 'x-forwarded-proto': 'https' } })).toContain('; Secure;')
  })

  test.each(['a.evil.example', 'ff00:80', '../x', 'FF00FF00', ''])('is one whose cookie says "%s"', (id) => {
    expect(cookieOf('', '/x', { headers: { cookie: `_navigator_machine=${id}` } })).toContain('=a1b2c3d4')
  })

  test('stays so outside the paths', () => {
    const paths = 'paths: [/app/*, "/*/live"]'
    expect(cookieOf(paths, '/app/a/b')).toBeDefined()
    expect(cookieOf(paths, '/x/live')).toBeDefined()
    expect(cookieOf(paths, '/x/y/live')).toBeUndefined()
    expect(cookieOf(paths, '/assets/a.css')).toBeUndefined()
  })
})

describe('a browser at home', () => {
  test('gets no cookie again', () => {
    expect(cookieOf('', '/x', { headers: home })).toBeUndefined()
    expect(decided('', '/x', { headers: home }).kind).toBe('tenant')
  })
})

describe('a browser with another home', () => {
  test('is sent back to it', () => {
    const verdict = decided('', '/x', { headers: away })
    expect(verdict.kind === 'respond' && JSON.parse(verdict.body)).toEqual({
      app: 'site',
      prefer_instance: 'ff00ff00',
      state: expect.stringMatching(/^home\./),
      transform: { set_headers: [{ name: 'X-Navigator-Retry', value: 'true' }] },
    })
  })

  test('is sent there by the private network with what cannot be replayed', () => {
    expect(decided('', '/x?q', { headers: away, upgrade: 'websocket' })).toMatchObject({
      kind: 'upstream',
      target: { hostname: 'ff00ff00.vm.site.internal', port: 3000, path: '/x?q', whenDown: 'maintenance' },
    })
  })

  const gone: readonly (readonly [string, Record<string, string>])[] = [
    ['Fly says', { 'fly-preferred-instance-unavailable': 'ff00ff00' }],
    ['the replay shows', { 'fly-replay-src': `instance=b;state=${signMark(here, 'home')}` }],
  ]
  test.each(gone)('that is gone, as %s, gets the maintenance page once, and then a new home', (_, headers) => {
    const asked = { headers: { ...away, ...headers } }
    expect(decided('', '/x', asked)).toMatchObject({ kind: 'respond', status: 503, responseType: 'maintenance' })
    expect(cookieOf('', '/x', asked)).toContain('=a1b2c3d4')
  })

  test.each(gone)('that is gone, as %s, gets a new home at once if so configured', (_, headers) => {
    const asked = { headers: { ...away, ...headers } }
    expect(decided('on_unavailable: reassign', '/x', asked).kind).toBe('tenant')
    expect(cookieOf('on_unavailable: reassign', '/x', asked)).toContain('=a1b2c3d4')
  })

  test('stays where a rule has sent it', () => {
    const headers = { ...away, 'fly-replay-src': `instance=b;state=${signMark(here, 'route')}` }
    expect(decided('', '/x', { headers }, '  replay: [{ path: ^/x, region: iad }]')).toEqual({ kind: 'tenant', tenant: expect.anything() })
  })
})

test('nobody is kept anywhere off Fly, or when it is off', () => {
  const keys = 'fly: { sticky_sessions: { enabled: true } }'
  expect(verdictOn(tableOf(keys, { env: {} }), '/x', { headers: away }).verdict).toEqual({ kind: 'tenant', tenant: expect.anything() })
  const off = 'fly: { sticky_sessions: { enabled: false } }'
  expect(verdictOn(tableOf(off, { env }), '/x', { headers: away }).verdict).toEqual({ kind: 'tenant', tenant: expect.anything() })
})

test('the cookie stands beside those of the tenant, in both lanes', async () => {
  await using app = await startApp((_, response) => void response.setHeader('Set-Cookie', ['a=1', 'b=2']).end('ok'))
  const routes = routesOf('fly: { sticky_sessions: { enabled: true } }', env)
  await using site = await startSite({ tenants: [{ name: 'app', path: '/', port: app.port }], routes })
  const wanted = ['a=1', 'b=2', expect.stringContaining('_navigator_machine=a1b2c3d4')]
  expect((await ask(site, '/fast')).headers['set-cookie']).toEqual(wanted)
  const full = await ask(site, '/full', { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'b' })
  expect(full.headers['set-cookie']).toEqual(wanted)
  expect((await ask(site, '/home', { headers: home })).headers['set-cookie']).toEqual(['a=1', 'b=2'])
})
