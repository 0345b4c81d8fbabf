/** A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`, always 29 octets. `at` in ms since the epoch. */
export const httpDate = (at: number): string => {
  const second = Math.floor(at / 1_000)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = new Date(second * 1_000).toUTCString()
  }
  return lastText
}

// Most answers of a second bear the same date, and writing one costs a microsecond.
let lastSecond = Number.NaN
let lastText = ''
