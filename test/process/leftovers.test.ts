import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { listProcesses, signalGroup } from '../../src/process/group.ts'
import { createPidDirectory } from '../../src/process/leftovers.ts'
import { appFile, eventually, freePort, isAlive, runApp } from './run-app.ts'

const top = mkdtempSync(join(tmpdir(), 'navigator-leftovers-'))
afterAll(() => rmSync(top, { recursive: true }))

let made = 0
const newDirectory = () => join(top, `pids-${made++}`)
const silent = { warn: () => {} }

/** Starts an app under a supervisor that records it and is then killed; gives the numbers of the first line that matches. */
const orphan = async (
  directory: string,
  app: string,
  env: Record<string, string>,
  pattern: RegExp,
): Promise<{ pid: number; numbers: number[] }> => {
  const file = join(top, `supervisor-${made++}.ts`)
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../src/process', path))
  writeFileSync(
    file,
    `import { startProcess } from ${source('run.ts')}
    import { createPidDirectory } from ${source('leftovers.ts')}
    const onLine = (stream, line) => ${pattern}.test(line) && console.log('said', child.pid, line)
    const env = { PATH: process.env.PATH, ...${JSON.stringify(env)} }
    const child = await startProcess({ name: 'shop/2025', argv: [process.execPath, ${JSON.stringify(appFile(app))}], cwd: '/', env, onLine })
    createPidDirectory(${JSON.stringify(directory)}).record('shop/2025', child.pid)
    console.log('recorded')`,
  )
  await using supervisor = await runApp('supervisor', {}, { argv: [process.execPath, file] })
  const [pid, ...numbers] = (await supervisor.line(/^said/)).match(/\d+/g)!.map(Number)
  await supervisor.line(/^recorded/)
  supervisor.signal('SIGKILL')
  await supervisor.exited
  return { pid: pid!, numbers }
}

test('what a killed supervisor left running is ended by the next one', async () => {
  const directory = newDirectory()
  const { pid } = await orphan(directory, 'echo', { PORT: String(await freePort()) }, /listening/)
  expect(isAlive(pid)).toBe(true)
  const said: unknown[] = []
  expect(await createPidDirectory(directory).endLeftovers({ warn: (fields) => said.push(fields) })).toBe(1)
  expect(isAlive(pid)).toBe(false)
  expect(said).toEqual([{ name: 'shop/2025', pid }])
  expect(readdirSync(directory)).toEqual([])
})

test('what ignores SIGTERM is killed', async () => {
  const directory = newDirectory()
  const { pid } = await orphan(directory, 'ignores-sigterm', { PORT: String(await freePort()) }, /listening/)
  expect(await createPidDirectory(directory).endLeftovers(silent)).toBe(1)
  expect(isAlive(pid)).toBe(false)
})

test('what a dead leader left in its group is ended too', async () => {
  const directory = newDirectory()
  const { pid, numbers } = await orphan(directory, 'forks-grandchildren', {}, /grandchildren/)
  process.kill(pid, 'SIGKILL')
  await eventually(() => !isAlive(pid))
  expect(numbers.filter(isAlive)).toHaveLength(2)
  expect(await createPidDirectory(directory).endLeftovers(silent)).toBe(1)
  expect(numbers.filter(isAlive)).toEqual([])
})

/** Records a stranger: a live process of ours under a record that is changed to name another of the same pid. */
const strange = async (change: object) => {
  const directory = newDirectory()
  const app = await runApp('forks-grandchildren', { STUBBORN: '1' })
  await app.line(/grandchildren/)
  createPidDirectory(directory).record('x', app.pid)
  const file = join(directory, `${app.pid}.json`)
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }))
  return { app, directory }
}

test.each([
  ['started at another time', { startedAt: '1' }],
  ['belongs to another run of the system', { era: 'another boot' }],
])('a process of the same pid that %s is left alone', async (_, change) => {
  const { app, directory } = await strange(change)
  await using running = app
  expect(await createPidDirectory(directory).endLeftovers(silent)).toBe(0)
  expect(isAlive(running.pid)).toBe(true)
  expect(readdirSync(directory)).toEqual([])
})

test('a group of the same number whose members are older than the record is left alone', async () => {
  const { app, directory } = await strange({ startedAt: String(Number.MAX_SAFE_INTEGER) })
  await using running = app
  process.kill(running.pid, 'SIGKILL')
  await running.exited
  const survivors = () => listProcesses().filter((entry) => entry.pgid === running.pid)
  expect(await createPidDirectory(directory).endLeftovers(silent)).toBe(0)
  expect(survivors().length).toBeGreaterThan(0)
  signalGroup(running.pid, 'SIGKILL')
})

test('what was forgotten is left alone', async () => {
  const directory = newDirectory()
  await using app = await runApp('forks-grandchildren')
  const pids = createPidDirectory(directory)
  pids.record('x', app.pid)
  pids.forget(app.pid)
  expect(await pids.endLeftovers(silent)).toBe(0)
  expect(isAlive(app.pid)).toBe(true)
})

test('a record cut short is thrown away', async () => {
  const directory = newDirectory()
  await createPidDirectory(directory).endLeftovers(silent)
  writeFileSync(join(directory, '12.json'), '{"name":"x","pi')
  expect(await createPidDirectory(directory).endLeftovers(silent)).toBe(0)
  expect(readdirSync(directory)).toEqual([])
})
