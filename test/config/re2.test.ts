import { describe, expect, test } from 'vitest'
import { translateRe2 } from '../../src/config/re2.ts'

const translated = (pattern: string): RegExp => {
  const result = translateRe2(pattern)
  if ('problem' in result) throw new Error(result.problem)
  return new RegExp(result.source)
}

describe('a pattern of an existing file', () => {
  test.each([
    ['(?i)^/Showcase', '/SHOWCASE/x', true],
    ['^/(?P<year>\\d{4})/', '/2025/boston', true],
    ['^/(?<year>\\d{4})/', '/2025/boston', true],
    ['\\A/x\\z', '/x', true],
    ['\\A/x\\z', '/x\n', false],
    ['^/x$', '/x\n', false],
    ['^/\\Qa.b(c\\E$', '/a.b(c', true],
    ['^/\\Qa.b\\E$', '/aXb', false],
    ['^/[[:alpha:]_]+$', '/abc_D', true],
    ['^/[[:digit:]]+$', '/abc', false],
    ['^/[]a]+$', '/]a]', true],
    ['^/[^]a]$', '/]', false],
    ['^/a\\-b\\/c', '/a-b/c', true],
    ['a(?i)b|c', 'aB', true],
    ['a(?i)b|c', 'C', true],
    ['a(?i)b|c', 'AB', false],
    ['(a(?i)b)c', 'aBc', true],
    ['(a(?i)b)c', 'aBC', false],
    ['(?i:a)b', 'AB', false],
    ['(?s).', '\n', true],
    ['^\\x2f\\x{78}$', '/x', true],
    ['[\\s]', '\u00a0', false],
    ['\\s', '\u00a0', false],
    ['[[]x[.]', '[x.', true],
  ])('%s on %j gives %s', (pattern, path, matches) => {
    expect(translated(pattern).test(path)).toBe(matches)
  })

  test('keeps the numbers of its groups', () => {
    expect(translated('(?i)^/(a)(?:b)(?P<rest>.*)').exec('/ABcd')?.slice(1)).toEqual(['A', 'cd'])
  })

  test.each([
    ['^/(?!api)', /look-around/],
    ['(a)\\1', /back-references/],
    ['(?U)a+', /flag group/],
    ['\\pL', /cannot be translated/],
    ['\\C', /cannot be translated/],
    ['[[:nonsense:]]', /cannot be translated/],
    ['(?P=name)', /not a group/],
    ['a\\', /lone backslash/],
    ['[a', /not closed/],
    ['(a', /group/i],
    ['a)', /unmatched/i],
    ['*a', /repeat/i],
    ['\\x{1F600}', /cannot be translated/],
  ])('%s is refused', (pattern, reason) => {
    expect(translateRe2(pattern)).toEqual({ problem: expect.stringMatching(reason) })
  })
})
