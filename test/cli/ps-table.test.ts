import { expect, test } from 'vitest'
import { formatPs } from '../../src/cli/ps-table.ts'
import type { PsReport, PsRow } from '../../src/supervisor/report.ts'

const now = Date.UTC(2030, 0, 1)
const quiet = { inFlight: 0, sockets: 0, requests: 0, restarts: 0 }
const report = (...rows: PsRow[]): PsReport => ({ pid: 1, startedAt: now, configFile: '/a.yml', address: { host: '::', port: 80 }, rows })
const plain = (...rows: PsRow[]) => formatPs(report(...rows), { now, paint: (_, text) => text })

test('ps lines its columns up and speaks in units', () => {
  const table = plain(
    {
      ...quiet,
      kind: 'tenant',
      name: 'boston',
      state: 'ready',
      since: now - 65_000,
      pid: 812,
      port: 4001,
      inFlight: 2,
      requests: 12_345,
      memoryBytes: 70 * 1024 ** 2,
      cpuPercent: 3.14,
    },
    { ...quiet, kind: 'process', name: 'jobs', state: 'stopped', since: now - 3 * 3_600_000 },
  )
  expect(table.split('\n')).toEqual([
    'NAME    KIND     STATE    SINCE  PID  PORT  INFLIGHT  SOCKETS  REQUESTS  MEMORY   CPU',
    'boston  tenant   ready    1m05s  812  4001         2        0     12345   70.0M  3.1%',
    'jobs    process  stopped  3h00m    -     -         0        0         0       -     -',
    '',
  ])
})

test('ps says under a failed row why, and what it wrote last, without its escape sequences', () => {
  const table = plain({
    ...quiet,
    kind: 'tenant',
    name: 'boston',
    state: 'crashed',
    since: now,
    restarts: 3,
    lastExit: { code: 7, signal: null, at: now },
    failure: { reason: 'ended before it was ready', retryAt: now + 4_000 },
    tail: ['\u001b[31mno such table: users', '', 'two\nlines'],
  })
  expect(table.split('\n').slice(2)).toEqual([
    '  ended before it was ready, exit code 7, 3 crashes, next try in 4s',
    '  | \ufffd[31mno such table: users',
    '  | two',
    '  | lines',
    '',
  ])
})

test('ps says under a row how often the kernel ended it for want of memory', () => {
  const table = plain({ ...quiet, kind: 'tenant', name: 'boston', state: 'ready', since: now, memoryLimitBytes: 1_000, oomKills: 2 })
  expect(table.split('\n')[2]).toBe('  killed for want of memory: 2')
})
