import { describe, expect, test } from 'vitest'
import { parseHtpasswd } from '../../src/passwords/htpasswd.ts'

describe('a password file', () => {
  test('is read with Windows line ends, a byte order mark, blank lines and remarks', () => {
    const { users, problems } = parseHtpasswd('\uFEFFann:one\r\n\r\n# a remark: not a user\r\n  bob : two:three  \r\n')
    expect([...users]).toEqual([
      ['ann', 'one'],
      ['bob', ' two:three'],
    ])
    expect(problems).toEqual([])
  })

  test('lets the last of two lines for one name count', () => {
    expect(parseHtpasswd('ann:old\nann:new\n').users.get('ann')).toBe('new')
  })

  test('names each line that lets nobody in, and takes all others', () => {
    const { users, problems } = parseHtpasswd('ann:one\nnobody\n:two\n  carl:\ndora:$y$j9T$abc$def\neve:{PBKDF2}abc\nfay:$2y$05$short\n')
    expect([...users.keys()]).toEqual(['ann'])
    expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '2:1 is not name:hash',
      '3:1 has no name before the colon',
      '4:3 has no password for "carl"',
      '5:1 has a hash of an unknown kind for "dora"',
      '6:1 has a hash of an unknown kind for "eve"',
      '7:1 has a hash of an unknown kind for "fay"',
    ])
  })

  test('tells no hash in a message', () => {
    expect(JSON.stringify(parseHtpasswd('dora:$y$j9T$abc$def').problems)).not.toContain('j9T')
  })
})
