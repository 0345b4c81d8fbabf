import { describe, expect, test } from 'vitest'
import { chooseRange, judgeConditions } from '../../../workers/files/conditions.ts'

const modifiedAt = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const facts = { size: 100, modifiedAt, etag: '"tag"', version: 'v' }
const date = 'Fri, 02 Jan 2026 03:04:05 GMT'
const before = 'Fri, 02 Jan 2026 03:04:04 GMT'
const after = 'Fri, 02 Jan 2026 03:04:06 GMT'
const fields = (headers: Readonly<Record<string, string>>) => ({ header: (name: string) => headers[name] })

describe('a condition', () => {
  test.each<[Record<string, string>, string]>([
    [{}, 'send'],
    [{ 'if-none-match': '"tag"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"tag"' }, 'not-modified'],
    [{ 'if-none-match': '"a,b", "tag"' }, 'not-modified'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': '"other"' }, 'send'],
    [{ 'if-modified-since': date }, 'not-modified'],
    [{ 'if-modified-since': after }, 'not-modified'],
    [{ 'if-modified-since': before }, 'send'],
    [{ 'if-modified-since': 'Friday, 02-Jan-26 03:04:05 GMT' }, 'not-modified'],
    [{ 'if-modified-since': 'Fri Jan  2 03:04:05 2026' }, 'not-modified'],
    [{ 'if-modified-since': '2026-01-02' }, 'send'],
    [{ 'if-none-match': '"other"', 'if-modified-since': after }, 'send'],
    [{ 'if-match': '"tag"' }, 'send'],
    [{ 'if-match': '*' }, 'send'],
    [{ 'if-match': 'W/"tag"' }, 'precondition-failed'],
    [{ 'if-match': '"other"' }, 'precondition-failed'],
    [{ 'if-unmodified-since': before }, 'precondition-failed'],
    [{ 'if-unmodified-since': date }, 'send'],
    [{ 'if-unmodified-since': 'nonsense' }, 'send'],
    [{ 'if-match': '"tag"', 'if-unmodified-since': before }, 'send'],
    [{ 'if-match': '"other"', 'if-none-match': '"tag"' }, 'precondition-failed'],
    [{ 'if-match': '"tag"', 'if-none-match': '"tag"' }, 'not-modified'],
  ])('%j is judged: %s', (headers, judgement) => {
    expect(judgeConditions(fields(headers), facts)).toBe(judgement)
  })
})

describe('a range', () => {
  test.each<[Record<string, string>, unknown]>([
    [{}, 'whole'],
    [{ range: 'bytes=0-9' }, { start: 0, length: 10 }],
    [{ range: 'bytes=90-' }, { start: 90, length: 10 }],
    [{ range: 'bytes=90-1000' }, { start: 90, length: 10 }],
    [{ range: 'bytes=-10' }, { start: 90, length: 10 }],
    [{ range: 'bytes=-1000' }, { start: 0, length: 100 }],
    [{ range: 'bytes=100-' }, 'unsatisfiable'],
    [{ range: 'bytes=-0' }, 'unsatisfiable'],
    [{ range: 'bytes=9-0' }, 'whole'],
    [{ range: 'bytes=-' }, 'whole'],
    [{ range: 'bytes=0-1,5-6' }, 'whole'],
    [{ range: 'lines=0-9' }, 'whole'],
    [{ range: 'bytes=a-b' }, 'whole'],
    [{ range: 'bytes=99999999999999999999-' }, 'unsatisfiable'],
    [
      { range: 'bytes=0-9', 'if-range': '"tag"' },
      { start: 0, length: 10 },
    ],
    [{ range: 'bytes=0-9', 'if-range': 'W/"tag"' }, 'whole'],
    [{ range: 'bytes=0-9', 'if-range': '"other"' }, 'whole'],
    [
      { range: 'bytes=0-9', 'if-range': date },
      { start: 0, length: 10 },
    ],
    [{ range: 'bytes=0-9', 'if-range': after }, 'whole'],
    [{ range: 'bytes=0-9', 'if-range': 'nonsense' }, 'whole'],
  ])('%j gets %j', (headers, range) => {
    expect(chooseRange(fields(headers), facts, modifiedAt + 60_000)).toEqual(range)
  })

  test('of an empty file is the whole of it', () => {
    expect(chooseRange(fields({ range: 'bytes=0-' }), { ...facts, size: 0 }, modifiedAt)).toBe('whole')
  })

  test('is not trusted to a date of the same second', () => {
    expect(chooseRange(fields({ range: 'bytes=0-9', 'if-range': date }), facts, modifiedAt + 300)).toBe('whole')
  })
})
