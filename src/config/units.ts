/** Longest time a timer of this program can wait: 24 days, because a 32-bit timer fires at once past it. */
export const LONGEST_TIMER_MS = 24 * 86_400_000

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}
const DURATION_PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/gy
const SIZE = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])i?B?|B)?$/i
const SIZE_POWER = 'KMGT'

/** `1h30m`, `90s`, `250ms`, `1.5d`, or a bare number of seconds → ms; undefined when it is none of these. */
export const parseDuration = (text: string): number | undefined => {
  if (/^(\d+(\.\d+)?|\.\d+)$/.test(text)) return Math.round(Number(text) * 1_000)
  let total = 0
  let end = 0
  for (const match of text.matchAll(DURATION_PART)) {
    total += Number(match[1]) * UNIT_MS[match[2]!]!
    end = match.index + match[0].length
  }
  return end === text.length && end > 0 ? Math.round(total) : undefined
}

/** `512M`, `1.5GiB`, `64 kb`, or a bare number of bytes → bytes, in powers of 1024; undefined when it is none of these. */
export const parseSize = (text: string): number | undefined => {
  const match = SIZE.exec(text.trim())
  if (!match) return undefined
  const power = match[2] ? SIZE_POWER.indexOf(match[2].toUpperCase()) + 1 : 0
  return Math.round(Number(match[1]) * 1024 ** power)
}
