import { describe, expect, test } from 'vitest'
import { decide } from '../../workers/pipeline.ts'
import { createRoutingTable } from '../../workers/routing-table.ts'
import { ask, findFreePort, type SiteOptions, snapshotOf, startApp, startSite } from './harness.ts'

type Rule = NonNullable<SiteOptions['reverse_proxies']>[number]

const verdictOn = (
  rules: readonly Rule[],
  url: string,
  options: { method?: string; headers?: Record<string, string>; trust_proxy?: boolean } = {},
) => {
  const [path = '', query] = url.split(/(?=\?)/, 2)
  return decide({
    method: options.method ?? 'GET',
    path,
    query: query ?? '',
    header: (name) => ({ host: 'site.example', ...options.headers })[name],
    peer: '::1',
    upgrade: 'none',
    requestId: 'id',
    routing: createRoutingTable(snapshotOf({ reverse_proxies: rules, server: { trust_proxy: options.trust_proxy ?? false } })),
  })
}

const targetOf = (rule: Rule, url: string) => {
  const verdict = verdictOn([rule], url)
  return verdict.kind === 'upstream'
    ? `${verdict.target.protocol}//${verdict.target.hostname}:${verdict.target.port}${verdict.target.path}`
    : verdict
}

describe('where a reverse proxy sends a request', () => {
  test.each<[string, Rule, string, string]>([
    ['the path behind the target’s', { prefix: '/api', target: 'http://h:1/base/' }, '/api/x?q=1', 'http://h:1/base/api/x?q=1'],
    ['the query behind the target’s', { prefix: '/', target: 'http://h:1/?k=v' }, '/x?q=1', 'http://h:1/x?k=v&q=1'],
    ['the path without the prefix', { prefix: '/api', strip_path: true, target: 'http://h:1/v1' }, '/api/x', 'http://h:1/v1/x'],
    ['a slash where the prefix was all', { prefix: '/api', strip_path: true, target: 'http://h:1' }, '/api', 'http://h:1/'],
    ['the path without what the pattern matched', { path: '^/api/', strip_path: true, target: 'http://h:1' }, '/api/x', 'http://h:1/x'],
    ['the first group', { path: '^/api(/.*)$', strip_path: true, target: 'http://h:1/b' }, '/api/x', 'http://h:1/b/x'],
    ['groups in the target’s path', { path: '^/u/(\\d+)/(.*)$', target: 'http://h:1/$2/$1' }, '/u/7/me?x', 'http://h:1/me/7?x'],
    ['the whole path where the groups are empty', { path: '^/u(x?)/', target: 'http://h:1$1' }, '/u/', 'http://h:1/u/'],
    ['a group as a label of the host', { path: '^/u/(\\w+)/', target: 'http://$1.internal:9/z' }, '/u/bob/', 'http://bob.internal:9/z'],
    ['the default port of https', { prefix: '/', target: 'https://h' }, '/', 'https://h:443/'],
    ['ws as http', { prefix: '/', target: 'ws://h:5' }, '/', 'http://h:5/'],
    ['an IPv6 target', { prefix: '/', target: 'http://[::1]:5' }, '/', 'http://::1:5/'],
    [
      'a group at the end of the authority as path, never as host',
      { path: '^/x(.*)$', target: 'http://h$1' },
      '/x.evil/',
      'http://h:80/.evil/',
    ],
    ['nothing a client says as credentials', { path: '^/x(.*)$', target: 'http://h:1$1' }, '/x@evil/', 'http://h:1/@evil/'],
  ])('%s', (_, rule, url, wanted) => {
    expect(targetOf(rule, url)).toBe(wanted)
  })

  test('is nowhere when a group would bring more than a name into the host', () => {
    const rule = { path: '^/u/(.+)/', target: 'http://$1.internal/' }
    expect(verdictOn([rule], '/u/evil@x/')).toMatchObject({ kind: 'respond', status: 502 })
  })

  test('is decided by the first rule in the file that fits', () => {
    const rules = [
      { name: 'long', prefix: '/a/b', target: 'http://h:1' },
      { name: 'pattern', path: '^/a', target: 'http://h:2' },
      { name: 'short', prefix: '/a', target: 'http://h:3' },
    ]
    const nameOf = (url: string) => {
      const verdict = verdictOn(rules, url)
      return verdict.kind === 'upstream' ? verdict.rule.name : verdict.kind
    }
    expect([nameOf('/a/b/c'), nameOf('/a/c'), nameOf('/c')]).toEqual(['long', 'pattern', 'respond'])
    expect(verdictOn([rules[2]!, rules[0]!], '/a/b')).toMatchObject({ rule: { name: 'short' } })
  })

  test('sees the request’s host, address and scheme in the variables of headers', () => {
    const rule = { prefix: '/', target: 'http://h', headers: { 'X-A': '$scheme://$host from $remote_addr for $5' } }
    const headers = { 'x-forwarded-for': '1.2.3.4, 5.6.7.8', 'x-forwarded-proto': 'https' }
    expect(verdictOn([rule], '/', { headers })).toMatchObject({ target: { headers: [['x-a', 'http://site.example from ::1 for $5']] } })
    expect(verdictOn([rule], '/', { headers, trust_proxy: true })).toMatchObject({
      target: { headers: [['x-a', 'https://site.example from 1.2.3.4 for $5']] },
    })
  })
})

describe('a proxied request', () => {
  test('has the target’s Host, the forwarding fields and what the rule sets', async () => {
    await using app = await startApp((request, response) => response.end(JSON.stringify(request.headers)))
    const target = `http://127.0.0.1:${app.port}`
    await using site = await startSite({
      reverse_proxies: [
        { prefix: '/own', target, headers: { Host: 'own.example', 'X-Forwarded-For': '$remote_addr' } },
        { prefix: '/', target },
      ],
    })
    const read = async (path: string) => JSON.parse((await ask(site, path, { headers: { host: 'site.example' } })).body)
    expect(await read('/')).toMatchObject({
      host: `127.0.0.1:${app.port}`,
      'x-forwarded-host': 'site.example',
      'x-forwarded-for': '127.0.0.1',
    })
    expect(await read('/own')).toMatchObject({ host: 'own.example', 'x-forwarded-for': '127.0.0.1' })
  })

  test('comes back with response_headers in place of the upstream’s, and its preflight is answered here', async () => {
    await using app = await startApp((_, response) => response.setHeader('Access-Control-Allow-Origin', 'x').end('ok'))
    const response_headers = { 'Access-Control-Allow-Origin': '*' }
    await using site = await startSite({ reverse_proxies: [{ prefix: '/', target: `http://127.0.0.1:${app.port}`, response_headers }] })
    expect((await ask(site, '/')).headers['access-control-allow-origin']).toBe('*')
    await app.close()
    const preflight = await ask(site, '/', { method: 'OPTIONS' })
    expect(preflight).toMatchObject({ status: 200, body: '' })
    expect(preflight.headers['access-control-allow-origin']).toBe('*')
  })

  test('is a 502 where nobody listens, and its destination is logged', async () => {
    const port = await findFreePort()
    await using site = await startSite({ reverse_proxies: [{ prefix: '/', target: `http://127.0.0.1:${port}` }] })
    expect((await ask(site, '/')).status).toBe(502)
    expect(await site.line(() => true)).toMatchObject({ status: 502, response_type: 'error', destination: `http://127.0.0.1:${port}` })
  })
})
