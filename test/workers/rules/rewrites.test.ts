import { describe, expect, test } from 'vitest'
import { decide } from '../../../workers/pipeline.ts'
import { ask, startApp, startSite } from '../harness.ts'
import { exchangeOf, outcomeOf, routesOf, tableOf, verdictOn } from './deciding.ts'

describe('a rewrite', () => {
  test.each([
    ['changes the path', '- { from: "^/assets/(.*)", to: "/showcase/assets/$1" }', '/assets/a.css?v=1', '/showcase/assets/a.css?v=1'],
    ['may be written in the older words', '- { pattern: "^/a/", replacement: /b/ }', '/a/x', '/b/x'],
    ['lets later rules see the new path', '- { from: "^/a", to: /b }\n  - { from: "^/b", to: /c }', '/a/x', '/c/x'],
    ['is the last when it says so', '- { from: "^/a", to: /b, flag: last }\n  - { from: "^/b", to: /c }', '/a/x', '/b/x'],
    ['is tried once', '- { from: "^/a", to: /a/a }', '/a/x', '/a/a/x'],
    ['adds to the query', '- { from: "^/p/(\\\\d+)$", to: "/page?id=$1" }', '/p/7?x=1', '/page?id=7&x=1'],
    ['makes a path of nothing', '- { from: "^/one(/.*)?$", to: "$1" }', '/one', '/'],
    ['never makes a host of a path', '- { from: "^/a", to: "" }', '/a//evil.example/', '/evil.example/'],
    ['redirects if told to', '- { pattern: "^/m/(.*)", replacement: /n/$1, redirect: true, status: 301 }', '/m/x?q', '301 /n/x?q'],
    ['redirects by a flag', '- { pattern: "^/m/(.*)", replacement: /n/$1, flag: permanent }', '/m/x', '301 /n/x'],
    ['redirects by a status', '- { pattern: "^/m/(.*)", replacement: /n/$1, status: 307 }', '/m/x', '307 /n/x'],
    ['answers with an error', '- { pattern: "^/gone$", replacement: /503.html, status: 503 }', '/gone', '503'],
    ['answers with 410', '- { pattern: "^/gone$", status: 410 }', '/gone', '410'],
    ['keeps what was encoded', '- { from: "^/a/", to: /b/ }', '/a/x%2Fy%20z%3F%25', '/b/x%2Fy%20z%3F%25'],
    ['is for its methods only', '- { from: "^/a", to: /b, methods: [POST] }', '/a', '/a'],
  ])('%s', (_, rules, url, wanted) => {
    expect(outcomeOf(tableOf(`rewrites:\n  ${rules}`), url)).toBe(wanted)
  })

  test('comes to the same when it is decided twice', () => {
    const exchange = exchangeOf(tableOf('rewrites:\n  - { from: "/a/", to: /a/a/ }'), '/a/x?q')
    decide(exchange)
    decide(exchange)
    expect(exchange).toMatchObject({ path: '/a/a/x', query: '?q', rewrittenFrom: '/a/x?q' })
  })

  test('forwards to a proxy of its own', () => {
    const table = tableOf('rewrites:\n  - { pattern: "^/api/v1/(.*)$", replacement: /api/$1, proxy: "http://localhost:4100", flag: last }')
    expect(verdictOn(table, '/api/v1/users?x').verdict).toMatchObject({
      kind: 'upstream',
      target: { hostname: 'localhost', port: 4100, path: '/api/users?x' },
    })
  })

  test('finds the tenant by the new path, tells it that, and logs both', async () => {
    await using app = await startApp((request, response) => void response.end(request.url))
    const routes = routesOf('rewrites:\n  - { from: "^/2024/(.*)", to: "/2025/$1" }')
    await using site = await startSite({ tenants: [{ name: '2025', path: '/2025/', port: app.port }], routes })
    expect(await ask(site, '/2024/x?q=1')).toMatchObject({ status: 200, body: '/2025/x?q=1' })
    expect(await ask(site, '/2024/y', { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'b' })).toMatchObject({
      body: '/2025/y',
    })
    expect(await site.line(({ uri }) => uri === '/2024/x?q=1')).toMatchObject({ rewritten_uri: '/2025/x?q=1', tenant: '2025' })
    expect(await site.line(({ uri }) => uri === '/2024/y')).toMatchObject({ rewritten_uri: '/2025/y' })
    await ask(site, '/2025/z')
    expect(await site.line(({ uri }) => uri === '/2025/z')).not.toHaveProperty('rewritten_uri')
  })
})
