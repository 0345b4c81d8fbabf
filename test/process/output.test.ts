import { expect, test } from 'vitest'
import { createLineSplitter } from '../../src/process/output.ts'

const split = (chunks: readonly (string | readonly number[])[], limit?: number): string[] => {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line), limit)
  for (const chunk of chunks) splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : Uint8Array.from(chunk))
  splitter.end()
  return lines
}

test('joins a line that came in pieces', () => {
  expect(split(['one\ntw', 'o\nth', 'r', 'ee\n'])).toEqual(['one', 'two', 'three'])
})

test('hands on the last line without its newline at the end, and nothing when there is none', () => {
  expect(split(['one\ntwo'])).toEqual(['one', 'two'])
  expect(split(['one\n'])).toEqual(['one'])
})

test('keeps empty lines and strips carriage returns at line ends', () => {
  expect(split(['a\r\n\r\n\nb\rc\r', '\n'])).toEqual(['a', '', '', 'b\rc'])
})

test('joins a character that was cut between chunks', () => {
  expect(
    split([
      [0xe2, 0x82],
      [0xac, 0x0a],
    ]),
  ).toEqual(['€'])
})

test('replaces bytes that are no UTF-8', () => {
  expect(split([[0x61, 0xff, 0x62, 0x0a]])).toEqual(['a\ufffdb'])
})

test('hands a long line on in pieces, in order, without cutting a character', () => {
  const line = `${'€'.repeat(50)}${'𝄞'.repeat(50)}é`
  for (const size of [1, 7, 64, 1_000]) {
    const bytes = Buffer.from(`${line}\nnext\n`)
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => [...bytes.subarray(i * size, (i + 1) * size)])
    const lines = split(chunks, 10)
    expect(lines.at(-1)).toBe('next')
    expect(lines.slice(0, -1).join('')).toBe(line)
    expect(lines.every((piece) => Buffer.byteLength(piece) <= 10)).toBe(true)
  }
})

test('holds no more than the limit of a line that never ends', () => {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line), 100)
  for (let i = 0; i < 1_000; i++) splitter.push(Buffer.alloc(33, 'x'))
  expect(lines.join('').length).toBeGreaterThanOrEqual(33_000 - 100)
})

test('cuts a long line of bytes that are no UTF-8 too', () => {
  expect(split([Array(25).fill(0x80)], 10).map((line) => line.length)).toEqual([10, 10, 5])
})
