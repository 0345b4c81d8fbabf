import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { formatChildLine } from '../../src/log/child-output.ts'

const at = Date.UTC(2026, 0, 31)

test('text says source and stream', () => {
  expect(formatChildLine('text', '2025/boston', 'stderr', 'oops')).toBe('[2025/boston.stderr] oops')
})

test('JSON says time, source, stream and message, and the tenant if it is one', () => {
  const line = JSON.parse(formatChildLine('json', 'redis', 'stdout', 'a "b"', { at }))
  expect(Object.keys(line)).toEqual(['@timestamp', 'source', 'stream', 'message'])
  expect(Date.parse(line['@timestamp'])).toBe(at)
  expect(JSON.parse(formatChildLine('json', 'a', 'stdout', 'x', { at, tenant: 'a' }))).toMatchObject({ message: 'x', tenant: 'a' })
})

test('a record that Rails wrote passes through JSON as it is', () => {
  const line = '{"@timestamp":"2026-01-31T12:00:00Z", "severity":"INFO","message":"hi"}'
  expect(formatChildLine('json', 'a', 'stdout', line)).toBe(line)
})

test.each([
  '{"@timestamp":"x","severity":"INFO"',
  '{"message":"\\"@timestamp\\" \\"severity\\""}',
  '{"@timestamp":"x","level":"INFO"}',
  'null',
])('what only looks like one is wrapped: %s', (line) => {
  expect(JSON.parse(formatChildLine('json', 'a', 'stdout', line)).message).toBe(line)
})

test('a terminal gets the name in its own colour, and stderr in red', () => {
  const out = formatChildLine('text', 'web', 'stdout', 'hello', { colour: true })
  const err = formatChildLine('text', 'web', 'stderr', 'hello', { colour: true })
  expect(stripVTControlCharacters(out)).toBe('[web] hello')
  expect(out).toMatch(/^[^[]+\[\d+m\[web/)
  expect(err).toContain('\u001b[31m.stderr]')
})
