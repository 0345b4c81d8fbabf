/** One field line of a head: `name: value CRLF`, and the lines of a head that are not to be passed on. */
import { COLON, CR, FIELD_VALUE, LF, matches, octetsOf, SPACE, TAB } from './octets.ts'

/** The octets so far may become a head; more are needed. */
export const INCOMPLETE = 0
/** The octets are not the plain common case, whatever may follow. */
export const DECLINED = -1

/** Where the parts of a field line lie. The value keeps its trailing white space. */
export type FieldLine = { nameStart: number; nameEnd: number; valueStart: number; valueEnd: number }

export const createFieldLine = (): FieldLine => ({ nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0 })

/**
 * Reads the field line at `at` into `line`; its name is made of octets that are not 0 in `nameOctets`. Gives the offset past its
 * CRLF, INCOMPLETE or DECLINED.
 */
export const scanFieldLine = (bytes: Uint8Array, at: number, end: number, line: FieldLine, nameOctets: Uint8Array): number => {
  let i = at
  while (i < end && nameOctets[bytes[i]!] !== 0) i++
  if (i >= end) return INCOMPLETE
  if (bytes[i] !== COLON || i === at) return DECLINED
  line.nameStart = at
  line.nameEnd = i++
  while (i < end && (bytes[i] === SPACE || bytes[i] === TAB)) i++
  line.valueStart = i
  while (i < end && FIELD_VALUE[bytes[i]!] === 1) i++
  line.valueEnd = i
  if (i >= end) return INCOMPLETE
  if (bytes[i] !== CR) return DECLINED
  if (i + 1 >= end) return INCOMPLETE
  return bytes[i + 1] === LF ? i + 2 : DECLINED
}

type Name = { readonly kind: number; readonly octets: Uint8Array }

/** Field names by their length. */
export type NameTable = readonly (readonly Name[])[]

/** The kind of a field no table names. */
export const OTHER = -1
const LONGEST_NAME = 32

/** A table to look names up in: `{ host: 0, … }`, names in lower case. */
export const createNameTable = (kinds: Readonly<Record<string, number>>): NameTable => {
  const table: Name[][] = Array.from({ length: LONGEST_NAME + 1 }, () => [])
  for (const [name, kind] of Object.entries(kinds)) table[name.length]!.push({ kind, octets: octetsOf(name) })
  return table
}

/** The kind of the field whose name stands from `start` to `end`, or OTHER. */
export const kindOf = (table: NameTable, bytes: Uint8Array, start: number, end: number): number => {
  const length = end - start
  if (length > LONGEST_NAME) return OTHER
  const names = table[length]!
  for (let i = 0; i < names.length; i++) if (matches(bytes, start, names[i]!.octets)) return names[i]!.kind
  return OTHER
}

/** Spans of a head to leave out when it is passed on: pairs of start and end, ascending, never touching. */
export type Cuts = { count: number; readonly spans: Int32Array }

const CUTS_LIMIT = 32

export const createCuts = (): Cuts => ({ count: 0, spans: new Int32Array(2 * CUTS_LIMIT) })

/** Adds a span that starts at or after the end of the last one. Gives false when there is no room for more. */
export const addCut = (cuts: Cuts, start: number, end: number): boolean => {
  const { spans, count } = cuts
  if (count > 0 && spans[2 * count - 1] === start) {
    spans[2 * count - 1] = end
    return true
  }
  if (count === CUTS_LIMIT) return false
  spans[2 * count] = start
  spans[2 * count + 1] = end
  cuts.count = count + 1
  return true
}

const LONGEST_LENGTH = 15

/** A Content-Length of digits only, small enough to count exactly, else -1. */
export const readLength = (bytes: Uint8Array, start: number, end: number): number => {
  if (end === start || end - start > LONGEST_LENGTH) return -1
  let length = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 48
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length
}
