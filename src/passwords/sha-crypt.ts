import { hash } from 'node:crypto'
import { encodeCrypt } from './crypt-base64.ts'

/** What is in a SHA-crypt hash but its digest. */
export type ShaCryptSettings = { readonly algorithm: 'sha256' | 'sha512'; readonly salt: string; readonly rounds: number }

const SHA256_ORDER = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
  [31, 30],
]
const SHA512_ORDER = [...Array.from({ length: 21 }, (_, i) => rotated([i, i + 21, i + 42], i)), [63]]

/**
 * SHA-crypt (`$5$`, `$6$`) as specified by Drepper: the part of the hash behind the salt. About 10 ms for the usual 5,000
 * rounds. The time grows with the length of the password: callers limit it.
 */
export const shaCrypt = (password: Buffer, { algorithm, salt, rounds }: ShaCryptSettings): string => {
  const digestOf = (parts: readonly Buffer[]): Buffer => hash(algorithm, Buffer.concat(parts), 'buffer')
  const saltOctets = Buffer.from(salt)
  let digest = firstDigest(password, saltOctets, digestOf)
  const p = stretch(digestOf(Array(password.length).fill(password)), password.length)
  const s = stretch(digestOf(Array(16 + digest[0]!).fill(saltOctets)), saltOctets.length)
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1
    const parts = [isOdd ? p : digest]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(isOdd ? digest : p)
    digest = digestOf(parts)
  }
  return encodeCrypt(digest, algorithm === 'sha256' ? SHA256_ORDER : SHA512_ORDER)
}

const firstDigest = (password: Buffer, salt: Buffer, digestOf: (parts: readonly Buffer[]) => Buffer): Buffer => {
  const other = digestOf([password, salt, password])
  const parts = [password, salt, stretch(other, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits % 2 === 1 ? other : password)
  return digestOf(parts)
}

/** As many octets, repeated from the start. */
const stretch = (octets: Buffer, length: number): Buffer => Buffer.alloc(length, octets)

function rotated(places: readonly number[], by: number): readonly number[] {
  const turn = by % 3
  return [...places.slice(turn), ...places.slice(0, turn)]
}
