const MINUTE_MS = 60_000
let second = Number.NaN
let prefix = ''
let offset = ''

/** `2026-01-31T12:00:00.123+01:00` in the local zone, `Z` for UTC. The part up to the second is kept for the next call. Any thread. */
export const localTimestamp = (epochMs: number): string => {
  const whole = Math.floor(epochMs / 1_000)
  if (whole !== second) remember(whole)
  const ms = Math.floor(epochMs) - whole * 1_000
  return `${prefix}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}${offset}`
}

const remember = (whole: number): void => {
  const date = new Date(whole * 1_000)
  const ahead = -date.getTimezoneOffset()
  prefix = `${new Date(whole * 1_000 + ahead * MINUTE_MS).toISOString().slice(0, 19)}.`
  const minutes = Math.abs(ahead)
  offset = ahead === 0 ? 'Z' : `${ahead < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  second = whole
}

const two = (value: number): string => String(value).padStart(2, '0')
