import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { parseHtpasswd } from '../../src/passwords/htpasswd.ts'
import { verifyPassword } from '../../src/passwords/verify.ts'

const openssl = (...args: readonly string[]): string => execFileSync('openssl', ['passwd', ...args], { encoding: 'utf8' }).trim()

/** Hashes of openssl: it is everywhere where there is Node. */
const BY_OPENSSL = {
  'APR1 ($apr1$)': (password: string) => openssl('-apr1', password),
  'MD5-crypt ($1$)': (password: string) => openssl('-1', password),
  'MD5-crypt with a short salt': (password: string) => openssl('-1', '-salt', 'ab', password),
  'SHA-256-crypt ($5$)': (password: string) => openssl('-5', password),
  'SHA-512-crypt ($6$)': (password: string) => openssl('-6', password),
  'SHA-512-crypt with rounds': (password: string) => openssl('-6', '-salt', 'rounds=1234$salt', password),
}
const PASSWORDS = ['x', 'secret', 'pässwörd ✓ mit Umlaut', 'p'.repeat(64), `${'a long one '.repeat(9)}of a hundred octets`]

describe.each(Object.entries(BY_OPENSSL))('a hash of openssl, %s', (_, make) => {
  test.each(PASSWORDS)('is that of its password %s and of no other', (password) => {
    const hash = make(password)
    expect(parseHtpasswd(`u:${hash}`).problems).toEqual([])
    expect(verifyPassword(password, hash)).toBe(true)
    expect(verifyPassword(`${password}.`, hash)).toBe(false)
    expect(verifyPassword('', hash)).toBe(false)
  })
})

/** Whether Apache's tool is here; where it is not, hashes it once made must do. */
const hasHtpasswd = (() => {
  try {
    execFileSync('htpasswd', ['-nbB', 'u', 'x'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!hasHtpasswd)('a line of htpasswd', () => {
  test.each(['-m', '-B', '-s', '-p', '-2', '-5'])('made with %s is that of its password and of no other', (kind) => {
    const line = execFileSync('htpasswd', ['-nb', kind, 'ann', 'corréct horse'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const { users, problems } = parseHtpasswd(line)
    expect(problems).toEqual([])
    expect(verifyPassword('corréct horse', users.get('ann')!)).toBe(true)
    expect(verifyPassword('correct horse', users.get('ann')!)).toBe(false)
  })
})

describe('a hash made elsewhere', () => {
  test.each([
    ['bcrypt 2a', '$2a$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe', 'password'],
    ['bcrypt 2b', '$2b$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe', 'password'],
    ['bcrypt 2y', '$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe', 'password'],
    ['{SHA}', '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'password'],
    ['{SSHA}', '{SSHA}yI6cZwQadOA1e+/f+T+H3eCQQhRzYWx0', 'password'],
    ['APR1', '$apr1$q1w2e3r4$DMlQhec61no5h76EzQ18e0', 'password'],
    ['plain text', 'password', 'password'],
  ])('%s is that of its password', (kind, hash, password) => {
    expect(parseHtpasswd(`u:${hash}`).problems).toEqual([])
    expect(verifyPassword(password, hash), kind).toBe(true)
    expect(verifyPassword('another', hash)).toBe(false)
  })
})
