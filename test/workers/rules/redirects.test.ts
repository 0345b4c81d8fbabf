import { describe, expect, test } from 'vitest'
import { decide } from '../../../workers/pipeline.ts'
import type { RoutingTable } from '../../../workers/routing-table.ts'
import { exchangeOf, outcomeOf, tableOf } from './deciding.ts'

describe('a redirect', () => {
  test.each([
    ['is 302 unless told otherwise', '{ from: "^/old$", to: /new }', '/old', '302 /new'],
    ['has the status of the file', '{ from: "^/old$", to: /new, status: 308 }', '/old', '308 /new'],
    ['keeps the query', '{ from: "^/old$", to: /new }', '/old?a=1&b', '302 /new?a=1&b'],
    ['joins its own query with the one sent', '{ from: "^/old$", to: "/new?k=v#top" }', '/old?a=1', '302 /new?k=v&a=1#top'],
    ['replaces only what the pattern matched', '{ from: "^/old", to: /new }', '/older/x', '302 /newer/x'],
    ['puts groups in', '{ from: "^/(\\\\d+)/(?P<city>\\\\w+)$", to: "/${city}/$1" }', '/25/boston', '302 /boston/25'],
    ['takes the longest name of a group, as Go does', '{ from: "^/a/(.*)$", to: "/b/$1x" }', '/a/q', '302 /b/'],
    ['writes a dollar for two', '{ from: "^/a$", to: "/b$$c" }', '/a', '302 /b$c'],
    ['goes to another site', '{ from: "^/a/(.*)$", to: "https://b.example/$1" }', '/a/x?q', '302 https://b.example/x?q'],
    ['finds names that are encoded', '{ from: "^/caf\\u00e9 bar/(.*)$", to: "/b/$1" }', '/caf%C3%A9%20bar/%E2%82%AC', '302 /b/%E2%82%AC'],
    ['is relative to the directory when it has no slash', '{ from: "^/a/b$", to: c }', '/a/b', '302 /a/c'],
    ['puts what is for a query there encoded', '{ from: "^/s/(.*)$", to: "/find?q=$1" }', '/s/a&b=c', '302 /find?q=a%26b%3Dc'],
    ['ignores letters’ case if told to', '{ from: "(?i)^/OLD$", to: /new }', '/Old', '302 /new'],
  ])('%s', (_, rule, url, wanted) => {
    expect(outcomeOf(tableOf(`redirects:\n  - ${rule}`), url)).toBe(wanted)
  })

  test('is for its methods only', () => {
    const table = tableOf('redirects:\n  - { from: "^/old$", to: /new, methods: [get] }')
    expect(outcomeOf(table, '/old', { method: 'GET' })).toBe('302 /new')
    expect(outcomeOf(table, '/old', { method: 'POST' })).toBe('/old')
  })

  test('that comes first in the file wins', () => {
    const table = tableOf('redirects:\n  - { from: "/b$", to: /one }\n  - { from: "^/a/b$", to: /two }')
    expect(outcomeOf(table, '/a/b')).toBe('302 /a/one')
  })

  test.each([
    ['to itself', '- { from: "^/a(/.*)?$", to: /a/ }', '/a/', '/a/'],
    ['to and fro', '- { from: "^/a$", to: /b }\n  - { from: "^/b$", to: /a }', '/a', '508'],
    ['on and on', '- { from: "^/(.*)$", to: "/x/$1" }', '/a', '508'],
  ])('%s is never answered', (_, rules, url, wanted) => {
    expect(outcomeOf(tableOf(`redirects:\n  ${rules}`), url)).toBe(wanted)
  })

  test('that ends after some steps is', () => {
    const table = tableOf('redirects:\n  - { from: "^/a/a/(.*)$", to: "/a/$1" }')
    expect(outcomeOf(table, '/a/a/a/a/b')).toBe('302 /a/a/a/b')
  })
})

describe('no client chooses where a redirect leads', () => {
  test.each([
    ['by a second slash', '{ from: "^/a/(.*)$", to: /$1 }', '/a//evil.example', '302 /evil.example'],
    ['by a backslash', '{ from: "^/a/(.*)$", to: /$1 }', '/a/\\evil.example', '302 /%5Cevil.example'],
    ['by an encoded slash', '{ from: "^/a/(.*)$", to: /$1 }', '/a/%2Fevil.example', '302 /%2Fevil.example'],
    ['by a scheme', '{ from: "^/a(.*)$", to: "$1" }', '/ahttps://evil.example', '508'],
    ['by a longer host', '{ from: "^/a(.*)$", to: "https://good.example$1" }', '/a.evil.example', '302 https://good.example/.evil.example'],
    ['by credentials', '{ from: "^/a(.*)$", to: "https://good.example$1" }', '/a@evil.example', '302 https://good.example/@evil.example'],
    ['by a host in a group', '{ from: "^/a/(.*)$", to: "https://$1.good.example/" }', '/a/evil.example%2F', '404'],
    ['by a line end', '{ from: "^/a/(.*)$", to: /b/$1 }', '/a/%0d%0aSet-Cookie:x', '302 /b/%0D%0ASet-Cookie:x'],
    ['by a tab', '{ from: "^/a/(.*)$", to: /$1 }', '/a/%09/evil.example', '302 /%09/evil.example'],
  ])('%s', (_, rule, url, wanted) => {
    expect(outcomeOf(tableOf(`redirects:\n  - ${rule}`), url)).toBe(wanted)
  })
})

describe('1,000 redirects', () => {
  const rules = Array.from({ length: 1_000 }, (_, i) => `  - { from: "^/old/page-${i}${i % 2 ? '$' : '/'}", to: /new/${i}/ }`)
  const table = tableOf(`redirects:\n${rules.join('\n')}`)

  test('are each found', () => {
    expect(outcomeOf(table, '/old/page-7')).toBe('302 /new/7/')
    expect(outcomeOf(table, '/old/page-998/x?y')).toBe('302 /new/998/x?y')
    expect(outcomeOf(table, '/old/page-999/x')).toBe('/old/page-999/x')
  })

  test('are not tried on a path they cannot fit', () => {
    expect(table.rules.find('/2025/boston/', 'GET', 0)).toBeUndefined()
    const tried = table.rules.candidates('/old/page-1234').length
    expect(tried).toBeLessThan(5)
  })

  test('cost a request that none of them fits less than a microsecond', () => {
    const plain = tableOf('redirects: []')
    const fastest = (routing: RoutingTable): number => Math.min(...Array.from({ length: 10 }, () => nanosecondsEach(routing)))
    fastest(plain)
    expect(fastest(table) - fastest(plain)).toBeLessThan(1_000)
  })
})

const nanosecondsEach = (routing: RoutingTable): number => {
  const exchange = exchangeOf(routing, '/2025/boston/heats?day=2')
  const from = performance.now()
  for (let i = 0; i < 20_000; i++) decide(exchange)
  return ((performance.now() - from) * 1e6) / 20_000
}
