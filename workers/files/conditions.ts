/** Conditional requests, in the order of RFC 9110 §13.2.2. */
import type { FileFacts } from './facts.ts'

/** A look at the fields of a request, by name in lower case. */
export type Fields = { header(name: string): string | undefined }

/** Whether a GET or HEAD gets the file, 304 or 412. */
export const judgeConditions = ({ header }: Fields, facts: FileFacts): 'send' | 'not-modified' | 'precondition-failed' => {
  const match = header('if-match')
  if (match !== undefined) {
    if (!lists(match, facts.etag, 'strong')) return 'precondition-failed'
  } else {
    const unmodifiedSince = dateOf(header('if-unmodified-since'))
    if (unmodifiedSince !== undefined && secondOf(facts) > unmodifiedSince) return 'precondition-failed'
  }
  const noneMatch = header('if-none-match')
  if (noneMatch !== undefined) return lists(noneMatch, facts.etag, 'weak') ? 'not-modified' : 'send'
  const modifiedSince = dateOf(header('if-modified-since'))
  return modifiedSince !== undefined && secondOf(facts) <= modifiedSince ? 'not-modified' : 'send'
}

/** Octets to send instead of the whole file. */
export type OctetRange = { readonly start: number; readonly length: number }

/**
 * What part of the file a GET asks for. Several ranges at once get the whole file, as RFC 9110 §14.2 allows: the parts would
 * cost more than they save. So does what is no range of octets, and any range whose If-Range says the file has changed.
 */
export const chooseRange = ({ header }: Fields, facts: FileFacts, now: number): OctetRange | 'whole' | 'unsatisfiable' => {
  const asked = header('range')
  if (asked === undefined || facts.size === 0) return 'whole'
  const spec = /^bytes[ \t]*=[ \t]*(\d*)[ \t]*-[ \t]*(\d*)[ \t]*$/i.exec(asked)
  if (spec === null || !isSameAs(header('if-range'), facts, now)) return 'whole'
  return rangeFrom(spec[1]!, spec[2]!, facts.size)
}

const rangeFrom = (first: string, last: string, size: number): OctetRange | 'whole' | 'unsatisfiable' => {
  if (first === '') {
    if (last === '') return 'whole'
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, length }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Number(last)
  if (end < start && last !== '') return 'whole'
  return start >= size ? 'unsatisfiable' : { start, length: Math.min(end, size - 1) - start + 1 }
}

/** A date counts only when the file can not have changed twice in its second. */
const isSameAs = (ifRange: string | undefined, facts: FileFacts, now: number): boolean => {
  if (ifRange === undefined) return true
  if (/^(?:W\/)?"/.test(ifRange)) return ifRange === facts.etag
  return dateOf(ifRange) === secondOf(facts) && now - facts.modifiedAt > 1_000
}

/** Quoted, so a comma in a tag does not split it. */
const lists = (header: string, etag: string, comparison: 'strong' | 'weak'): boolean => {
  if (header.trim() === '*') return true
  for (const [tag] of header.matchAll(/(?:W\/)?"[^"]*"/g)) {
    if (tag === etag || (comparison === 'weak' && tag === `W/${etag}`)) return true
  }
  return false
}

const secondOf = ({ modifiedAt }: FileFacts): number => Math.floor(modifiedAt / 1_000)

const HTTP_DATE =
  /^(?:\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT|\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT|\w{3} \w{3} [\d ]\d \d{2}:\d{2}:\d{2} \d{4})$/

/** Seconds since the epoch; undefined for what is no date, so that it is as if it had not been sent. */
const dateOf = (text: string | undefined): number | undefined => {
  if (text === undefined || !HTTP_DATE.test(text)) return undefined
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(time) ? undefined : time / 1_000
}
