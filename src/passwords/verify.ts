import { hash as digest, timingSafeEqual } from 'node:crypto'
import { compareSync } from 'bcryptjs'
import { md5Crypt } from './md5-crypt.ts'
import { shaCrypt } from './sha-crypt.ts'

const DEFAULT_ROUNDS = 5_000
const SHA1_OCTETS = 20

/**
 * Whether the password is that of the hash: MD5-crypt, bcrypt, SHA-crypt, {SHA}, {SSHA} or plain text. Takes up to a second
 * with a costly bcrypt: never on a thread that carries traffic or supervises.
 */
export const verifyPassword = (password: string, hash: string): boolean => {
  if (/^\$2[aby]\$/.test(hash)) return compareSync(password, hash)
  const [, magic, salt = '', wanted = ''] = /^(\$apr1\$|\$1\$)([^$]*)\$(.*)$/.exec(hash) ?? []
  if (magic !== undefined) return isSame(md5Crypt(Buffer.from(password), salt.slice(0, 8), magic as '$1$' | '$apr1$'), wanted)
  if (/^\$[56]\$/.test(hash)) return verifyShaCrypt(password, hash)
  if (hash.startsWith('{SHA}')) return isSame(digest('sha1', password, 'base64'), hash.slice(5))
  return hash.startsWith('{SSHA}') ? verifySalted(password, hash.slice(6)) : isSame(password, hash)
}

const verifyShaCrypt = (password: string, hash: string): boolean => {
  const [, kind, , rounds, salt = '', wanted = ''] = /^\$([56])\$(rounds=(\d+)\$)?([^$]*)\$(.*)$/.exec(hash) ?? []
  const settings = {
    algorithm: kind === '5' ? ('sha256' as const) : ('sha512' as const),
    salt: salt.slice(0, 16),
    rounds: rounds === undefined ? DEFAULT_ROUNDS : Math.min(999_999_999, Math.max(1_000, Number(rounds))),
  }
  return isSame(shaCrypt(Buffer.from(password), settings), wanted)
}

const verifySalted = (password: string, encoded: string): boolean => {
  const octets = Buffer.from(encoded, 'base64')
  const salted = Buffer.concat([Buffer.from(password), octets.subarray(SHA1_OCTETS)])
  return isSame(digest('sha1', salted, 'latin1'), octets.toString('latin1', 0, SHA1_OCTETS))
}

/** Takes as long whatever the two have in common. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest('sha256', a, 'buffer'), digest('sha256', b, 'buffer'))
