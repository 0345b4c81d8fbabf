import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lockInstance, runningInstance, runtimeDirectory } from '../../src/process/instance-lock.ts'
import { runApp } from './run-app.ts'

const top = mkdtempSync(join(tmpdir(), 'navigator-lock-'))
afterAll(() => rmSync(top, { recursive: true }))

let made = 0
const place = () => {
  const base = join(top, String(made++))
  const env = { NAVIGATOR_RUNTIME_DIR: base, NAVIGATOR_PID_FILE: join(base, 'classic.pid') }
  return { env, base, directory: runtimeDirectory('/srv/site/navigator.yml', env) }
}

/** Another process that takes the lock, as a navigator would, says how that went, and stays. */
const holder = (directory: string, env: NodeJS.ProcessEnv, rest = 'setInterval(() => {}, 60_000)') => {
  const file = join(top, `navigator-${made++}.ts`)
  writeFileSync(
    file,
    `import { lockInstance } from ${JSON.stringify(join(import.meta.dirname, '../../src/process/instance-lock.ts'))}
    try { globalThis.lock = lockInstance(${JSON.stringify(directory)}, 'navigator.yml'); console.log('locked', lock.pidFile) }
    catch (error) { console.log('refused', error.code); process.exit(1) }
    ${rest}`,
  )
  return runApp('holder', env, { argv: [process.execPath, file] })
}

test('the runtime directory is this user’s alone, and one per configuration file', () => {
  const { directory, env } = place()
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  expect(directory).toMatch(/\/navigator-[0-9a-f]{12}$/)
  expect(runtimeDirectory('/srv/site/navigator.yml', env)).toBe(directory)
  expect(runtimeDirectory('/srv/other/navigator.yml', env)).not.toBe(directory)
})

test('the runtime directory is in XDG_RUNTIME_DIR where that exists', () => {
  const session = mkdtempSync(join(top, 'session-'))
  expect(runtimeDirectory('a.yml', { XDG_RUNTIME_DIR: session })).toMatch(new RegExp(`^${session}/navigator/a-`))
})

test('a runtime directory that others may read is closed, and one that is a link refused', () => {
  const open = join(top, 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  runtimeDirectory('a.yml', { NAVIGATOR_RUNTIME_DIR: open })
  expect(statSync(open).mode & 0o777).toBe(0o700)
  symlinkSync(open, join(top, 'link'))
  expect(() => runtimeDirectory('a.yml', { NAVIGATOR_RUNTIME_DIR: join(top, 'link') })).toThrow(/is a link/)
})

test('a second instance on the same configuration is refused with the pid of the first', async () => {
  const { directory, env } = place()
  await using first = await holder(directory, env)
  await first.line(/locked/)
  expect(runningInstance(directory)).toEqual({ pid: first.pid })
  expect(() => lockInstance(directory, 'navigator.yml', env)).toThrow(
    expect.objectContaining({
      code: 'NAV_ALREADY_RUNNING',
      message: expect.stringContaining(`pid ${first.pid}`),
      hint: expect.any(String),
    }),
  )
})

test('the lock of a killed instance is taken over', async () => {
  const { directory, env } = place()
  const first = await holder(directory, env)
  await first.line(/locked/)
  await first[Symbol.asyncDispose]()
  expect(runningInstance(directory)).toBeUndefined()
  using lock = lockInstance(directory, 'navigator.yml', env)
  expect(runningInstance(directory)).toEqual({ pid: process.pid })
  expect(lock.pidFile).toBe(env.NAVIGATOR_PID_FILE)
})

test('a lock that names a live process started at another time is stale', () => {
  const { directory, env } = place()
  {
    using _lock = lockInstance(directory, 'navigator.yml', env)
    const text = readFileSync(join(directory, 'navigator.pid'), 'utf8')
    writeFileSync(join(directory, 'navigator.pid'), text.replace(/"startedAt":"\d+"/, '"startedAt":"1"'))
    expect(runningInstance(directory)).toBeUndefined()
  }
  using _again = lockInstance(directory, 'navigator.yml', env)
})

test.each(['', '12345', 'null', '{"pid":'])('a lock file that holds %j is stale', (text) => {
  const { directory, env } = place()
  writeFileSync(join(directory, 'navigator.pid'), text)
  using _lock = lockInstance(directory, 'navigator.yml', env)
  expect(runningInstance(directory)).toEqual({ pid: process.pid })
})

test('disposal gives back the lock and the PID file', () => {
  const { directory, env } = place()
  {
    using _lock = lockInstance(directory, 'navigator.yml', env)
    expect(readFileSync(env.NAVIGATOR_PID_FILE, 'utf8')).toBe(`${process.pid}\n`)
  }
  expect(existsSync(env.NAVIGATOR_PID_FILE)).toBe(false)
  expect(runningInstance(directory)).toBeUndefined()
})

test('exactly one of many that start at once over a stale lock gets it', async () => {
  const { directory, env } = place()
  writeFileSync(join(directory, 'navigator.pid'), 'stale')
  const apps = await Promise.all(Array.from({ length: 6 }, () => holder(directory, env)))
  const outcomes = await Promise.all(apps.map((app) => app.line(/locked|refused/)))
  expect(outcomes.filter((line) => line.startsWith('locked'))).toHaveLength(1)
  await Promise.all(apps.map((app) => app[Symbol.asyncDispose]()))
})

test('the PID file of another live navigator is left to it', async () => {
  const one = place()
  const two = place()
  await using first = await holder(one.directory, one.env)
  await first.line(/locked/)
  using lock = lockInstance(two.directory, 'other.yml', { ...two.env, NAVIGATOR_PID_FILE: one.env.NAVIGATOR_PID_FILE })
  expect(lock.pidFile).toBeUndefined()
  expect(readFileSync(one.env.NAVIGATOR_PID_FILE, 'utf8')).toBe(`${first.pid}\n`)
})

test('a PID file that names a stranger or nobody is taken over', () => {
  for (const text of ['1', '999999999', 'rubbish']) {
    const { directory, env } = place()
    writeFileSync(env.NAVIGATOR_PID_FILE, text)
    using lock = lockInstance(directory, 'navigator.yml', env)
    expect(lock.pidFile).toBe(env.NAVIGATOR_PID_FILE)
  }
})

test('a PID file that was asked for and cannot be written is an error', () => {
  const { directory, env, base } = place()
  writeFileSync(join(base, 'file'), '')
  expect(() => lockInstance(directory, 'a.yml', { ...env, NAVIGATOR_PID_FILE: join(base, 'file/x.pid') })).toThrow(
    expect.objectContaining({ code: 'NAV_CONTROL_FAILED' }),
  )
  expect(runningInstance(directory)).toBeUndefined()
})
