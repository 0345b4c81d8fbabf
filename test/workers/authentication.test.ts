import { describe, expect, test } from 'vitest'
import type { PasswordOutcome } from '../../src/protocol/messages.ts'
import { ask, dial, type Site, type SiteOptions, startApp, startSite, talk } from './harness.ts'

const FILE = '/passwords'
const basic = (user: string, password = 'right') => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

type Guarded = Site & { readonly checks: () => readonly { readonly user: string; readonly password: string }[] }

/** A site with passwords, whose supervisor knows one: `right`. `answer` overrides what it says. */
const startGuarded = async (options: SiteOptions, answer?: (user: string) => PasswordOutcome | undefined): Promise<Guarded> => {
  const site = await startSite({ ...options, auth: { enabled: true, htpasswd: FILE, ...options.auth } })
  const checks: { readonly user: string; readonly password: string; readonly file: string }[] = []
  void (async () => {
    for (;;) {
      const { key, user, password, file } = await site.message('password.check')
      checks.push({ user, password, file })
      const outcome = answer === undefined ? (password === 'right' ? 'verified' : 'refused') : answer(user)
      if (outcome !== undefined) site.send({ type: 'password.checked', key, outcome })
    }
  })()
  return { ...site, checks: () => checks }
}

/** `Expect` is what makes the fast lane hand a request over. */
const LANES = [
  ['fast lane', {}],
  ['full lane', { expect: '100-continue' }],
] as const

describe.each(LANES)('in the %s, a path that needs a password', (_, lane) => {
  const start = async (options: SiteOptions = {}) => {
    const app = await startApp((request, response) => response.end(`app got ${request.headers.authorization ?? 'nothing'}`))
    const site = await startGuarded({ tenants: [{ name: 'all', path: '/', port: app.port }], ...options })
    return { site, [Symbol.asyncDispose]: () => Promise.all([site.stop(), app.close()]).then(() => {}) }
  }

  test('is refused without credentials, in the form the client can read, and logged with the peer', async () => {
    await using it = await start()
    const reply = await ask(it.site, '/secret', { headers: { ...lane, accept: 'application/json', 'x-request-id': 'abc' } })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Basic realm="Restricted", charset="UTF-8"')
    expect(JSON.parse(reply.body)).toEqual({ error: { status: 401, title: 'Unauthorized', reason: 'Unauthorized', request_id: 'abc' } })
    expect(await it.site.line(() => true)).toMatchObject({
      client_ip: '127.0.0.1',
      remote_user: '-',
      status: 401,
      response_type: 'auth-failure',
      error_message: 'no credentials',
    })
  })

  test('is refused with a wrong password, and the name tried is not logged as a user', async () => {
    await using it = await start()
    expect((await ask(it.site, '/secret', { headers: { ...lane, authorization: basic('ann', 'wrong') } })).status).toBe(401)
    expect(await it.site.line(() => true)).toMatchObject({ remote_user: '-', error_message: 'wrong credentials' })
  })

  test('is served to who knows the password; the app sees the credentials, the log the user', async () => {
    await using it = await start()
    const reply = await ask(it.site, '/secret', { headers: { ...lane, authorization: basic('ann') } })
    expect([reply.status, reply.body]).toEqual([200, `app got ${basic('ann')}`])
    expect(await it.site.line(() => true)).toMatchObject({ remote_user: 'ann', tenant: 'all' })
  })

  test('has each password checked once, until the file changes', async () => {
    await using it = await start()
    const get = async (password: string) =>
      (await ask(it.site, '/', { headers: { ...lane, authorization: basic('ann', password) } })).status
    expect([await get('right'), await get('right'), await get('wrong'), await get('wrong')]).toEqual([200, 200, 401, 401])
    expect(it.site.checks()).toHaveLength(2)
    it.site.send({ type: 'passwords.changed', file: '/another' })
    expect([await get('right'), it.site.checks().length]).toEqual([200, 2])
    it.site.send({ type: 'passwords.changed', file: FILE })
    expect([await get('right'), it.site.checks().length]).toEqual([200, 3])
  })

  test('answers 503 when no password can be checked, and asks again the next time', async () => {
    const app = await startApp((_, response) => response.end())
    let outcome: PasswordOutcome = 'unavailable'
    await using site = await startGuarded({ tenants: [{ name: 'all', path: '/', port: app.port }] }, () => outcome)
    const headers = { ...lane, authorization: basic('ann') }
    expect((await ask(site, '/', { headers })).status).toBe(503)
    outcome = 'verified'
    expect((await ask(site, '/', { headers })).status).toBe(200)
    await app.close()
  })

  test('takes a POST with its body once the password has been found right', async () => {
    await using app = await startApp(async (request, response) => {
      let length = 0
      for await (const chunk of request) length += (chunk as Buffer).length
      response.end(`${length}`)
    })
    await using site = await startGuarded({ tenants: [{ name: 'all', path: '/', port: app.port }] })
    const body = Buffer.alloc(300_000, 'x')
    const headers = { authorization: basic('ann'), 'content-length': String(body.length) }
    expect((await ask(site, '/', { method: 'POST', headers, body })).body).toBe('300000')
  })

  test.each([
    'Bearer abc',
    'Basic',
    'Basic !!!',
    `Basic ${Buffer.from('no colon').toString('base64')}`,
    `Basic ${Buffer.from(':right').toString('base64')}`,
    `Basic ${Buffer.from(`ann:${'x'.repeat(600)}`).toString('base64')}`,
    `${basic('ann')}, ${basic('ann')}`,
  ])('is refused with %.30s… and nobody computes a hash for it', async (authorization) => {
    await using it = await start()
    expect((await ask(it.site, '/', { headers: { ...lane, authorization } })).status).toBe(401)
    expect(it.site.checks()).toEqual([])
  })

  test('is not had by writing it like a public one', async () => {
    await using it = await start({
      auth: {
        public_paths: ['^\\/public\\/', '\\.css$', '^\\/favicon\\.ico$'],
        auth_patterns: [{ pattern: '^/open(?:/|$)', action: 'off' }],
      },
    })
    const get = async (path: string) => {
      const expect100 = 'expect' in lane ? 'Expect: 100-continue\r\n' : ''
      const text = await talk(it.site, `GET ${path} HTTP/1.1\r\nHost: x\r\n${expect100}Connection: close\r\n\r\n`)
      return Number(/(?:^|\r\n\r\n)HTTP\/1\.1 ([2-5]\d\d)/.exec(text)?.[1])
    }
    const open = [
      '/public/a',
      '/%70ublic/a',
      '/public/a/b%20c',
      '/a/b.css',
      '/a/b.css?x=/secret',
      '/favicon.ico',
      '/open',
      '/open/x',
      '/public/./a',
    ]
    for (const path of open) expect([path, await get(path)]).toEqual([path, 200])
    for (const path of BYPASSES) expect([path, [400, 401].includes(await get(path))]).toEqual([path, true])
  })
})

/** Each is `/secret` to some server, or means nothing to any. */
const BYPASSES = [
  '/secret',
  '/Public/a',
  '/public',
  '/public/../secret',
  '/public/%2e%2e/secret',
  '/public/%2E./secret',
  '/public/..%2fsecret',
  '/public/..%5csecret',
  '/public/..\\secret',
  '/public/a/../../secret',
  '/public/..;/secret',
  '/public/..;a=b/secret',
  '/public%2f..%2fsecret',
  '/public/%252e%252e/secret',
  '/public/%252e%252e%252fsecret',
  '/public/%c0%ae%c0%ae/secret',
  '/public/%u002e%u002e/secret',
  '//secret',
  '//public/a',
  '/./secret',
  '/secret/../public/a',
  '/secret%2f..%2fpublic/a',
  '/secret;.css',
  '/secret;x=.css',
  '/secret%3f.css',
  '/secret%23.css',
  '/secret/a.css/..',
  '/secret/a.css/%2e%2e',
  '/secret%00.css',
  '/secret%0a.css',
  '/secret?.css',
  '/secret?/public/',
  '/x/public/a',
  '/favicon.ico/',
  '/favicon.ico%2f',
  '/openx',
  '/open%2f..%2fsecret',
  '/open/../secret',
  'http://x/secret',
  'http://x/public/../secret',
]

describe('authentication', () => {
  test('asks once for a password that many requests bring at the same time', async () => {
    await using app = await startApp((_, response) => response.end())
    await using site = await startGuarded({ tenants: [{ name: 'all', path: '/', port: app.port }] })
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(site, '/', { headers: { authorization: basic('ann') } })))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(site.checks()).toHaveLength(1)
  })

  test('keeps pipelined requests in order while a password is checked', async () => {
    await using app = await startApp((request, response) => response.end(`<${request.url}>`))
    await using site = await startGuarded({
      tenants: [{ name: 'all', path: '/', port: app.port }],
      auth: { public_paths: ['^\\/public\\/'] },
    })
    const head = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
    const authorization = `Authorization: ${basic('ann')}\r\n`
    const text = await talk(
      site,
      head('/secret/1', authorization) + head('/public/2') + head('/secret/3', `${authorization}Connection: close\r\n`),
    )
    expect(text.match(/<[^>]+>/g)).toEqual(['</secret/1>', '</public/2>', '</secret/3>'])
  })

  test('gives up a request whose client has gone while its password is checked', async () => {
    await using app = await startApp((_, response) => response.end())
    await using site = await startGuarded({ tenants: [{ name: 'all', path: '/', port: app.port }] }, () => undefined)
    const wire = await dial(site.port)
    wire.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('ann')}\r\n\r\n`)
    while (site.checks().length === 0) await new Promise(setImmediate)
    wire.socket.destroy()
    expect(await site.line(() => true)).toMatchObject({ status: 499, response_type: 'client_closed', remote_user: '-' })
  })

  test('writes any realm so that it stays one value', async () => {
    await using site = await startGuarded({ auth: { realm: 'Say "hi" \\ Ċé' } })
    const text = Buffer.from(await talk(site, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), 'latin1').toString()
    expect(text).toContain('\r\nWWW-Authenticate: Basic realm="Say \\"hi\\" \\\\ Ċé", charset="UTF-8"\r\n')
  })

  test('asks for the realm of the first pattern that fits, even on a public path', async () => {
    await using site = await startGuarded({
      auth: {
        public_paths: ['^\\/docs\\/'],
        auth_patterns: [
          { pattern: '^/docs/open/', action: 'off' },
          { pattern: '^/docs/staff/', action: 'Staff' },
          { pattern: '^/docs/staff/open/', action: 'off' },
        ],
      },
    })
    const realmAt = async (path: string) => /realm="([^"]*)"/.exec((await ask(site, path)).headers['www-authenticate'] ?? '')?.[1]
    expect([await realmAt('/docs/a'), await realmAt('/docs/open/a'), await realmAt('/docs/staff/a')]).toEqual([
      undefined,
      undefined,
      'Staff',
    ])
    expect([await realmAt('/docs/staff/open/a'), await realmAt('/else')]).toEqual(['Staff', 'Restricted'])
  })

  test('goes by the rules of the tenant that the path belongs to', async () => {
    await using app = await startApp((_, response) => response.end())
    const boston = { enabled: true, realm: 'Boston', htpasswd: '/boston' }
    await using site = await startGuarded({
      tenants: [
        { name: 'open', port: app.port, auth: { enabled: false, realm: 'x' } },
        { name: 'boston', port: app.port, auth: boston },
        { name: 'plain', port: app.port },
      ],
    })
    const get = async (path: string, headers = {}) => {
      const { status, headers: sent } = await ask(site, path, { headers })
      return [status, /realm="([^"]*)"/.exec(sent['www-authenticate'] ?? '')?.[1]]
    }
    expect(await get('/open/a')).toEqual([200, undefined])
    expect(await get('/boston/a')).toEqual([401, 'Boston'])
    expect(await get('/boston')).toEqual([401, 'Boston'])
    expect(await get('/plain/a')).toEqual([401, 'Restricted'])
    expect(await get('/boston/../open/a')).toEqual([400, undefined])
    expect(await get('/boston/a', { authorization: basic('bob') })).toEqual([200, undefined])
    expect(site.checks()).toEqual([{ user: 'bob', password: 'right', file: '/boston' }])
    expect(await get('/plain/a', { authorization: basic('bob') })).toEqual([200, undefined])
    expect(site.checks()).toHaveLength(2)
  })

  test('comes before redirects and reverse proxies', async () => {
    await using site = await startGuarded({
      tenants: [{ name: 'boston' }],
      reverse_proxies: [{ prefix: '/api/', target: 'http://127.0.0.1:1', response_headers: { a: 'b' } }],
    })
    expect((await ask(site, '/boston')).status).toBe(401)
    expect((await ask(site, '/api/x')).status).toBe(401)
    expect((await ask(site, '/api/x', { method: 'OPTIONS' })).status).toBe(401)
  })

  test('looks again at what a public path is rewritten to, wherever that leads', async () => {
    await using app = await startApp((request, response) => response.end(`app got ${request.url}`))
    const rewrites = [
      { from: '^/public/in/(.*)$', to: '/secret/${1}' },
      { from: '^/public/out/(.*)$', to: '/secret/${1}', proxy: `http://127.0.0.1:${app.port}` },
      { from: '^/public/same/(.*)$', to: '/public/${1}' },
    ] as unknown as NonNullable<NonNullable<SiteOptions['routes']>['rewrites']>
    await using site = await startGuarded({
      tenants: [{ name: 'all', path: '/', port: app.port }],
      routes: { rewrites },
      auth: { public_paths: ['^\\/public\\/'] },
    })
    for (const lane of [{}, { expect: '100-continue' }]) {
      const get = async (path: string, headers = {}) => (await ask(site, path, { headers: { ...lane, ...headers } })).status
      expect([await get('/public/in/a'), await get('/public/out/a'), await get('/public/same/a')]).toEqual([401, 401, 200])
      expect((await ask(site, '/public/in/a', { headers: { ...lane, authorization: basic('ann') } })).body).toBe('app got /secret/a')
    }
  })

  test('knows the user of a script that only some may call, on a public path too', async () => {
    const script = { path: '/run', script: '/bin/sh', env: {}, allowed_users: ['ann'] }
    await using site = await startGuarded({ server: { cgi_scripts: [script] }, auth: { public_paths: ['^\\/run$'] } })
    const get = async (headers = {}) => (await ask(site, '/run', { headers })).status
    expect(await get()).toBe(401)
    expect(await get({ authorization: basic('ann', 'wrong') })).toBe(401)
    expect(await get({ authorization: basic('bob') })).toBe(403)
    // The shell is run, and says nothing that is an answer.
    expect(await get({ authorization: basic('ann') })).toBe(500)
    expect(site.messages.filter(({ type }) => type === 'cgi.started')).toHaveLength(1)
  })

  test('lets a health check by that navigator answers itself, but none that a tenant answers', async () => {
    const response = { status: 200, body: 'fine', headers: {} }
    await using own = await startGuarded({ server: { health_check: { path: '/up', response } } })
    expect((await ask(own, '/up')).body).toBe('fine')
    await using app = await startApp((_, reply) => reply.end('app is up'))
    const tenants = [{ name: 'all', path: '/', port: app.port }]
    await using asked = await startGuarded({ tenants, server: { health_check: { path: '/up' } } })
    expect((await ask(asked, '/up')).status).toBe(401)
    await using open = await startGuarded({ tenants, server: { health_check: { path: '/up' } }, auth: { public_paths: ['^\\/up$'] } })
    expect((await ask(open, '/up')).body).toBe('app is up')
  })

  test('refuses a WebSocket without credentials and lets one with them through', async () => {
    await using app = await startApp(() => {})
    app.server.on('upgrade', (_, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello'),
    )
    await using site = await startGuarded({ tenants: [{ name: 'all', path: '/', port: app.port }] })
    const head =
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    const refused = await dial(site.port)
    refused.write(`${head}\r\n`)
    expect(await refused.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 401 /)
    refused.socket.destroy()
    expect(await talk(site, `${head}Authorization: ${basic('ann')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 101 [\s\S]*hello$/)
  })
})
