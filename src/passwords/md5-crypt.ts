import { hash } from 'node:crypto'
import { encodeCrypt } from './crypt-base64.ts'

const ROUNDS = 1_000
const ORDER = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]]

/**
 * MD5-crypt, of Apache (`$apr1$`) or of FreeBSD (`$1$`): the part of the hash behind the salt. Takes a few milliseconds.
 * @example md5Crypt(Buffer.from('secret'), 'q1w2e3r4', '$apr1$')
 */
export const md5Crypt = (password: Buffer, salt: string, magic: '$apr1$' | '$1$'): string => {
  const saltOctets = Buffer.from(salt)
  let digest = firstDigest(password, saltOctets, magic)
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = round % 2 === 1
    const parts = [isOdd ? password : digest]
    if (round % 3 !== 0) parts.push(saltOctets)
    if (round % 7 !== 0) parts.push(password)
    parts.push(isOdd ? digest : password)
    digest = md5(parts)
  }
  return encodeCrypt(digest, ORDER)
}

const firstDigest = (password: Buffer, salt: Buffer, magic: string): Buffer => {
  const other = md5([password, salt, password])
  const parts = [password, Buffer.from(magic), salt]
  for (let left = password.length; left > 0; left -= 16) parts.push(other.subarray(0, Math.min(left, 16)))
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits % 2 === 1 ? Buffer.alloc(1) : password.subarray(0, 1))
  return md5(parts)
}

const md5 = (parts: readonly Buffer[]): Buffer => hash('md5', Buffer.concat(parts), 'buffer')
