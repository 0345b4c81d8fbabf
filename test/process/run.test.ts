import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { formatChildLine } from '../../src/log/child-output.ts'
import { startProcess } from '../../src/process/run.ts'
import { appFile, eventually, freePort, isAlive, runApp } from './run-app.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-run-'))
afterAll(() => rmSync(directory, { recursive: true }))

const pidsIn = (line: string): number[] => line.match(/\d+/g)!.map(Number)

test('runs in its own process group and says how it exited', async () => {
  await using app = await runApp('crash-loop', { EXIT_CODE: '7' })
  expect(await app.exited).toEqual({ code: 7, signal: null })
})

test('has handed on its last lines when its exit is known, the unended one too', async () => {
  await using app = await runApp('no-newline')
  await app.exited
  expect([...app.lines].sort()).toEqual(['first', 'neither here', 'no newline at the end'])
})

test('keeps the last lines of stderr for reports', async () => {
  await using app = await runApp('crash-loop')
  await app.exited
  expect(app.tail()).toEqual(['database is missing', 'giving up'])
})

test('keeps the last fifty lines of stdout when stderr is empty', async () => {
  await using app = await runApp('floods', { FLOOD_LINES: '1000' })
  await app.exited
  expect(app.tail()).toHaveLength(50)
  expect(app.tail().at(-1)).toBe('flooded')
})

test('hands on every line of a flood in order', async () => {
  await using app = await runApp('floods', { FLOOD_LINES: '20000' })
  await app.exited
  expect(app.lines).toHaveLength(20_001)
  expect(app.lines[12_345]).toMatch(/^line 12345 /)
})

test('has handed on what still stood in the pipe at its exit', async () => {
  await using app = await runApp('seq', {}, { argv: ['seq', '1', '60000'] })
  await app.exited
  expect(app.lines).toHaveLength(60_000)
  expect(app.lines.at(-1)).toBe('60000')
})

test('a flood takes only a part of its reader’s time', async () => {
  const { promise: flooded, resolve } = Promise.withResolvers<void>()
  let lines = 0
  const onLine = (stream: 'stdout' | 'stderr', line: string) => {
    formatChildLine('json', 'yes', stream, line)
    if (++lines === 200_000) resolve()
  }
  const before = performance.eventLoopUtilization()
  await using _yes = await startProcess({ name: 'yes', argv: ['yes'], cwd: directory, env: { PATH: process.env['PATH'] }, onLine })
  await flooded
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.6)
})

test('reads nothing from stdin', async () => {
  await using child = await startProcess({ name: 'cat', argv: ['cat'], cwd: directory, env: { PATH: process.env['PATH'] } })
  expect(await child.exited).toEqual({ code: 0, signal: null })
})

test('signals reach its children too', async () => {
  await using app = await runApp('forks-grandchildren', { PORT: String(await freePort()) })
  const grandchildren = pidsIn(await app.line(/grandchildren/))
  app.signal('SIGTERM')
  expect(await app.exited).toEqual({ code: null, signal: 'SIGTERM' })
  await eventually(() => !grandchildren.some(isAlive))
})

test('what it leaves behind is ended after its own exit', async () => {
  await using app = await runApp('forks-grandchildren', { LEADER: 'exits' })
  const grandchildren = pidsIn(await app.line(/grandchildren/))
  expect(await app.exited).toEqual({ code: 0, signal: null })
  await eventually(() => !grandchildren.some(isAlive))
})

test('what it leaves behind is killed when it ignores SIGTERM', async () => {
  await using app = await runApp('forks-grandchildren', { LEADER: 'exits', STUBBORN: '1' })
  const grandchildren = pidsIn(await app.line(/grandchildren/))
  await app.exited
  expect(grandchildren.filter(isAlive)).toHaveLength(2)
  await eventually(() => !grandchildren.some(isAlive), 8_000)
})

test('is gone only when nothing of its group is left', async () => {
  await using app = await runApp('forks-grandchildren', { LEADER: 'exits' })
  const grandchildren = pidsIn(await app.line(/grandchildren/))
  await app.gone
  expect(grandchildren.filter(isAlive)).toEqual([])
})

test('disposal kills the whole group and waits for its end', async () => {
  const app = await runApp('forks-grandchildren', { STUBBORN: '1' })
  const grandchildren = pidsIn(await app.line(/grandchildren/))
  await app[Symbol.asyncDispose]()
  expect([app.pid, ...grandchildren].filter(isAlive)).toEqual([])
  expect(await app.exited).toEqual({ code: null, signal: 'SIGKILL' })
})

test('survives SIGTERM when it ignores it, and no SIGKILL', async () => {
  await using app = await runApp('ignores-sigterm', { PORT: String(await freePort()) })
  await app.line(/listening/)
  app.signal('SIGTERM')
  await app.line(/ignored/)
  app.signal('SIGKILL')
  expect(await app.exited).toEqual({ code: null, signal: 'SIGKILL' })
})

test('a signal to a process that is gone does nothing', async () => {
  await using app = await runApp('exits-zero')
  await app.exited
  expect(() => app.signal('SIGTERM')).not.toThrow()
})

test('no group outlives killAllProcesses at the exit of its starter', async () => {
  const script = `
    import { killAllProcesses, startProcess } from ${JSON.stringify(join(import.meta.dirname, '../../src/process/run.ts'))}
    process.on('exit', killAllProcesses)
    const argv = [process.execPath, ${JSON.stringify(appFile('forks-grandchildren'))}]
    const onLine = (stream, line) => { console.log(line, child.pid); process.exit(5) }
    const child = await startProcess({ name: 'x', argv, cwd: '.', env: { ...process.env, STUBBORN: '1' }, onLine })`
  writeFileSync(join(directory, 'starter.ts'), script)
  await using starter = await runApp('starter', {}, { argv: [process.execPath, join(directory, 'starter.ts')] })
  const pids = pidsIn(await starter.line(/grandchildren/))
  expect(await starter.exited).toEqual({ code: 5, signal: null })
  await eventually(() => !pids.some(isAlive))
})

const start = (argv: readonly string[], cwd = directory) => startProcess({ name: 'blog', argv, cwd, env: { PATH: '/usr/bin:/bin' } })

test('a command that is not there is refused with command, directory, reason and hint', async () => {
  await expect(start(['no-such-program', '-x'])).rejects.toMatchObject({
    code: 'NAV_EXEC_FAILED',
    message: `blog: cannot run \`no-such-program -x\` in ${directory}: no-such-program was not found (ENOENT)`,
    hint: expect.stringContaining('PATH'),
  })
})

test('a directory that is not there is told apart from a command that is not', async () => {
  await expect(start(['true'], join(directory, 'nowhere'))).rejects.toMatchObject({
    code: 'NAV_EXEC_FAILED',
    message: expect.stringContaining('the directory does not exist'),
  })
})

test('a file that may not be executed is refused with what to do', async () => {
  writeFileSync(join(directory, 'plain'), 'echo', { mode: 0o644 })
  await expect(start(['./plain'])).rejects.toMatchObject({ code: 'NAV_EXEC_FAILED', hint: expect.stringContaining('chmod +x') })
})

test('an interpreter that is not there is refused', async () => {
  writeFileSync(join(directory, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 })
  await expect(start(['./script'])).rejects.toMatchObject({ code: 'NAV_EXEC_FAILED', hint: expect.stringContaining('interpreter') })
})

test('an empty command and one with a zero byte are refused', async () => {
  await expect(start([])).rejects.toMatchObject({ code: 'NAV_EXEC_FAILED' })
  await expect(start(['a\0b'])).rejects.toMatchObject({ code: 'NAV_EXEC_FAILED' })
})
