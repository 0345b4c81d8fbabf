import { expect, test } from 'vitest'
import { preferredCoding } from '../../workers/accept-encoding.ts'

const offered = ['br', 'zstd', 'gzip'] as const

test.each([
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip;q=1, br;q=0.5', 'gzip'],
  ['gzip;q=0.5, br;q=0.5', 'br'],
  ['zstd , gzip', 'zstd'],
  ['br;q=0', undefined],
  ['br;q=0, *', 'zstd'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['identity;q=0.5, gzip;q=0.5', 'gzip'],
  ['identity;q=0, gzip', 'gzip'],
  ['gzip;q=nonsense', undefined],
  ['gzip; q = 0.8', 'gzip'],
  ['deflate', undefined],
])('of Accept-Encoding %j comes %j', (header, coding) => {
  expect(preferredCoding(header, offered)).toBe(coding)
})

test('what is not offered is not chosen', () => {
  expect(preferredCoding('br, gzip;q=0.1', ['gzip'])).toBe('gzip')
})
