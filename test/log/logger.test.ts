import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { NavigatorError } from '../../src/errors.ts'
import { createLogger, type LoggerOptions } from '../../src/log/logger.ts'

const logging = (options: Partial<LoggerOptions> = {}) => {
  const lines: string[] = []
  const sink = { write: (line: string) => void lines.push(line), writeLines() {}, dropped: 0, flush: async () => {}, flushSync() {} }
  return { lines, log: createLogger({ format: 'text', level: 'info', colour: false, sink, ...options }) }
}
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)/

test('text is key=value, time, level and message first', () => {
  const { lines, log } = logging()
  log.info({ port: 4000, path: '/a b', empty: '', list: ['x'], equals: 'a=b' }, 'tenant ready')
  expect(lines[0]!.replace(TIME, 'T')).toBe(
    'time=T level=INFO msg="tenant ready" port=4000 path="/a b" empty="" list="[\\"x\\"]" equals="a=b"',
  )
})

test('JSON has time, level and msg first', () => {
  const { lines, log } = logging({ format: 'json' })
  log.warn({ tenant: 'a' }, 'slow start')
  expect(Object.entries(JSON.parse(lines[0]!))).toEqual([
    ['time', expect.stringMatching(TIME)],
    ['level', 'WARN'],
    ['msg', 'slow start'],
    ['tenant', 'a'],
  ])
})

test('a child logger carries its values', () => {
  const { lines, log } = logging({ format: 'json' })
  log.child({ tenant: 'a' }).child({ pid: 7 }).error('gone')
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'ERROR', msg: 'gone', tenant: 'a', pid: 7 })
})

test('lines below the level are not written, until the level changes', () => {
  const { lines, log } = logging({ level: 'WARNING' })
  log.info('no')
  log.level = 'debug'
  log.debug('yes')
  expect(lines).toHaveLength(1)
})

test('a level nobody knows is refused', () => {
  expect(() => logging({ level: 'loud' })).toThrow(expect.objectContaining({ code: 'NAV_USAGE', hint: expect.stringContaining('debug') }))
})

test('an error a person must act on shows code and hint, a bug its stack', () => {
  const { lines, log } = logging({ format: 'json' })
  log.error({ err: new NavigatorError('NAV_EXEC_FAILED', 'cannot run', { hint: 'install it' }) }, 'start failed')
  log.error({ err: new TypeError('x is not a function') }, 'bug')
  expect(JSON.parse(lines[0]!).err).toEqual({ code: 'NAV_EXEC_FAILED', message: 'cannot run', hint: 'install it' })
  expect(JSON.parse(lines[1]!).err.stack).toContain('logger.test.ts')
})

test('an error stays on one line in text', () => {
  const { lines, log } = logging()
  log.error({ err: new NavigatorError('NAV_EXEC_FAILED', 'cannot run', { hint: 'install it' }) }, 'start failed')
  expect(lines[0]).toMatch(/err="NAV_EXEC_FAILED: cannot run\\n {2}hint: install it"$/)
})

test('a terminal gets the time of day, the level in colour and the message', () => {
  const { lines, log } = logging({ colour: true })
  log.info({ port: 4000 }, 'tenant ready')
  expect(stripVTControlCharacters(lines[0]!)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}tenant ready port=4000$/)
  expect(lines[0]).toContain('\u001b[32minfo')
})

test('a value that would break the line or the terminal is quoted', () => {
  const { lines, log } = logging()
  log.info({ a: 'x\ny', b: '\u001b[31m', c: 'a"b', d: 'back\\slash' }, 'odd')
  expect(lines[0]).toMatch(/a="x\\ny" b="\\u001b\[31m" c="a\\"b" d="back\\\\slash"$/)
})
