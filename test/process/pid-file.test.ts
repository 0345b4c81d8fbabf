import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dropAppPidFile } from '../../src/process/pid-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-pid-file-'))
afterAll(() => rmSync(directory, { recursive: true }))

const drop = (name: string, text: string): boolean => {
  const path = join(directory, name)
  writeFileSync(path, text)
  dropAppPidFile(path)
  return !existsSync(path)
}

test('what an app left as its PID file is removed before its next start', () => {
  expect(drop('server.pid', `${process.pid}\n`)).toBe(true)
})

test.each(['', 'not a pid', '12 13', '-1'])('a file that holds %j is no PID file and stays', (text) => {
  expect(drop('other', text)).toBe(false)
})

test('a PID file that is not there is no trouble', () => {
  expect(() => dropAppPidFile(join(directory, 'none', 'server.pid'))).not.toThrow()
})
