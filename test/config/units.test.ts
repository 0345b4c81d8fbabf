import { describe, expect, test } from 'vitest'
import { parseDuration, parseSize } from '../../src/config/units.ts'

describe('a duration', () => {
  test.each([
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['1y', 31_536_000_000],
    ['1500us', 2],
    ['30', 30_000],
    ['0', 0],
    ['0.25', 250],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each(['', '20 min', '-5s', '5 s', 'm', '1h30', '5x', '1e3', 'Infinity', '5m!'])('is not "%s"', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('a size', () => {
  test.each([
    ['512', 512],
    ['512M', 536_870_912],
    ['512 MB', 536_870_912],
    ['1.5GiB', 1_610_612_736],
    ['64k', 65_536],
    ['1T', 1_099_511_627_776],
    ['10B', 10],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', 'much', '-1M', '5X', 'M'])('is not "%s"', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })
})
