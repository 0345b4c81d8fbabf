/** The request target in origin form, strictly: nothing two parsers could read as two different paths. */
import { DECLINED, INCOMPLETE } from './field-line.ts'
import { HEX, LOWER_TOKEN, SPACE, TARGET } from './octets.ts'

const SLASH = 47
const DOT = 46
const PERCENT = 37
const QUESTION = 63
const BACKSLASH = 92
const TARGET_LIMIT = 8_192

export type TargetSpan = { targetStart: number; pathEnd: number; targetEnd: number }

/** Reads the target at `at` into `span`. Gives the offset of the space behind it, INCOMPLETE or DECLINED. */
export const scanTarget = (bytes: Uint8Array, at: number, end: number, span: TargetSpan): number => {
  if (at >= end) return INCOMPLETE
  if (bytes[at] !== SLASH) return DECLINED
  span.targetStart = at
  let i = scanPath(bytes, at, end)
  if (i <= 0) return i
  span.pathEnd = i
  while (i < end && TARGET[bytes[i]!] === 1) i++
  span.targetEnd = i
  if (i - at > TARGET_LIMIT) return DECLINED
  if (i >= end) return INCOMPLETE
  return bytes[i] === SPACE ? i : DECLINED
}

/** Gives the offset of the `?` or the first octet that is no part of a path. */
const scanPath = (bytes: Uint8Array, at: number, end: number): number => {
  let i = at
  for (; i < end; i++) {
    const octet = bytes[i]!
    if (TARGET[octet] === 0 || octet === QUESTION) return i
    if (octet === SLASH) {
      const verdict = judgeSegment(bytes, i + 1, end)
      if (verdict <= 0) return verdict
    } else if (octet === PERCENT) {
      const verdict = judgeEscape(bytes, i + 1, end)
      if (verdict <= 0) return verdict
    }
  }
  return i - at > TARGET_LIMIT ? DECLINED : INCOMPLETE
}

/** No empty segment, and none that starts with a dot unless a plain token follows, as in `/.well-known`. */
const judgeSegment = (bytes: Uint8Array, at: number, end: number): number => {
  if (at >= end) return INCOMPLETE
  if (bytes[at] === SLASH) return DECLINED
  if (bytes[at] !== DOT) return 1
  if (at + 1 >= end) return INCOMPLETE
  const next = bytes[at + 1]!
  return next !== DOT && next !== PERCENT && LOWER_TOKEN[next] !== 0 ? 1 : DECLINED
}

/** Two hexadecimal digits that do not hide a dot, a slash, a backslash or a control character. */
const judgeEscape = (bytes: Uint8Array, at: number, end: number): number => {
  if (at + 1 >= end) return at < end && HEX[bytes[at]!]! < 0 ? DECLINED : INCOMPLETE
  const high = HEX[bytes[at]!]!
  const low = HEX[bytes[at + 1]!]!
  if (high < 0 || low < 0) return DECLINED
  const octet = (high << 4) | low
  return octet < 32 || octet === 127 || octet === DOT || octet === SLASH || octet === BACKSLASH ? DECLINED : 1
}
