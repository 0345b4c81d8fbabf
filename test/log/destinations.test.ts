import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createDestinations, type LoggingSection } from '../../src/log/destinations.ts'
import type { Logger } from '../../src/log/logger.ts'
import { createRecentLines } from '../../src/log/recent-lines.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-logs-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const open = (logging: Partial<LoggingSection>) => {
  const lines: string[] = []
  const said: string[] = []
  const say = (fields: unknown) => void said.push(JSON.stringify(fields))
  const logger: Logger = { level: 'info', debug: say, info: say, warn: say, error: say, child: () => logger }
  const destinations = createDestinations({
    logging: { format: 'text', ...logging },
    colour: false,
    writeLine: (line) => lines.push(line),
    writeAccess() {},
    log: () => logger,
  })
  return { ...destinations, lines, said }
}
const say = (source: string, line: string) => ({ source, stream: 'stdout', line }) as const

describe('log files', () => {
  test('take the lines of each child besides standard output', () => {
    const { child, lines, flushSync } = open({ file: join(directory, 'each/{{app}}.log') })
    child(say('boston', 'one'))
    child(say('redis', 'two'))
    flushSync(1_000)
    expect(readFileSync(join(directory, 'each/boston.log'), 'utf8')).toBe('[boston.stdout] one\n')
    expect(readFileSync(join(directory, 'each/redis.log'), 'utf8')).toBe('[redis.stdout] two\n')
    expect(lines).toEqual(['[boston.stdout] one', '[redis.stdout] two'])
  })

  test('stay in their directory whatever a tenant is called', () => {
    const { child, flushSync } = open({ file: join(directory, 'safe/{{app}}.log') })
    child(say('../../2025/boston', 'here'))
    flushSync(1_000)
    expect(readFileSync(join(directory, 'safe/__.._2025_boston.log'), 'utf8')).toContain('here')
  })

  test('are opened anew after they have been renamed', () => {
    const file = join(directory, 'turned.log')
    const { child, reopen, flushSync } = open({ file })
    child(say('boston', 'before'))
    flushSync(1_000)
    renameSync(file, `${file}.1`)
    reopen()
    child(say('boston', 'after'))
    flushSync(1_000)
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('[boston.stdout] before\n')
    expect(readFileSync(file, 'utf8')).toBe('[boston.stdout] after\n')
  })

  test('that cannot be opened are reported once, and their lines counted', () => {
    const { child, said, counts } = open({ file: join(import.meta.filename, '{{app}}.log') })
    child(say('boston', 'one'))
    child(say('boston', 'two'))
    expect(said).toHaveLength(1)
    expect(counts().fileDropped).toBe(2)
  })

  test('go where a reload says', () => {
    const { child, adopt, flushSync } = open({ file: join(directory, 'old.log') })
    adopt({ format: 'json', file: join(directory, 'new.log') })
    child(say('boston', 'moved'))
    flushSync(1_000)
    expect(JSON.parse(readFileSync(join(directory, 'new.log'), 'utf8'))).toMatchObject({ source: 'boston', message: 'moved' })
  })
})

describe('recent lines', () => {
  const lineOf = (source: string, line: string) => ({ at: 0, source, stream: 'stdout', line }) as const

  test('are kept in the order they came, over all sources', () => {
    const recent = createRecentLines()
    for (let i = 0; i < 6; i++) recent.add(lineOf(i % 2 ? 'odd' : 'even', String(i)))
    expect(recent.last(4, () => true).map(({ line }) => line)).toEqual(['2', '3', '4', '5'])
    expect(recent.last(9, (name) => name === 'odd').map(({ line }) => line)).toEqual(['1', '3', '5'])
  })

  test('of a source are bounded in number and in length', () => {
    const recent = createRecentLines()
    for (let i = 0; i < 600; i++) recent.add(lineOf('short', String(i)))
    for (let i = 0; i < 100; i++) recent.add(lineOf('long', 'x'.repeat(100_000)))
    expect(recent.last(1_000, (name) => name === 'short')).toHaveLength(500)
    const long = recent.last(1_000, (name) => name === 'long')
    expect(long.reduce((sum, { line }) => sum + line.length, 0)).toBeLessThanOrEqual(64 * 1024)
  })

  test('of the source that has been quiet longest are forgotten first', () => {
    const recent = createRecentLines({ boundCharacters: 20 })
    recent.add(lineOf('quiet', '123456789'))
    recent.add(lineOf('busy', '123456789'))
    recent.add(lineOf('third', '123456789'))
    expect(recent.last(9, () => true).map(({ source }) => source)).toEqual(['busy', 'third'])
  })
})
