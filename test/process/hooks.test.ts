import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isGroupAlive, startOf } from '../../src/process/group.ts'
import { type Hook, runHooks } from '../../src/process/hooks.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'navigator-hooks-'))
})
afterAll(() => rm(directory, { recursive: true }))

const shell = (script: string, more: Partial<Hook> = {}): Hook => ({ command: '/bin/sh', args: ['-c', script], env: {}, ...more })

const run = async (hooks: readonly Hook[], { signal = new AbortController().signal, timeoutMs = 0 } = {}) => {
  const lines: string[] = []
  const pids: number[] = []
  const ended: number[] = []
  const outcome = await runHooks(hooks, {
    name: 'server.start',
    env: { PATH: process.env['PATH'], BASE: 'base' },
    cwd: directory,
    timeoutMs,
    signal,
    port: 4_000,
    onLine: (stream, line) => lines.push(`${stream}: ${line}`),
    onStarted: (pid) => pids.push(pid),
    onEnded: (pid) => ended.push(pid),
  }).then(
    () => 'done',
    (error: Error) => error,
  )
  return { lines, pids, ended, outcome }
}

describe('a list of hooks', () => {
  test('runs one after the other, each with its own environment over the base', async () => {
    const { lines, outcome } = await run([
      shell('sleep 0.1; echo "$BASE $OWN"', { env: { OWN: 'first' } }),
      shell('echo "$BASE-$OWN" >&2', { env: { OWN: '${port}' }, unset_env: ['BASE'] }),
    ])
    expect([lines, outcome]).toEqual([['stdout: base first', 'stderr: -4000'], 'done'])
  })

  test('takes a command without arguments for a whole line', async () => {
    expect((await run([{ command: 'echo one two', env: {} }])).lines).toEqual(['stdout: one two'])
  })

  test('ends with the first that fails, and says what it said', async () => {
    const { lines, outcome } = await run([shell('echo no room >&2; exit 3'), shell('echo never')])
    expect(lines).toEqual(['stderr: no room'])
    expect(outcome).toMatchObject({ code: 'NAV_HOOK_FAILED', message: expect.stringMatching(/server\.start.*exit code 3.*no room/) })
  })

  test('fails where a program is not there', async () => {
    expect((await run([{ command: '/nowhere/hook', env: {} }])).outcome).toMatchObject({ code: 'NAV_EXEC_FAILED' })
  })

  test('ends one that takes too long with all it started', async () => {
    const { outcome, pids, ended } = await run([shell('trap "" TERM; sleep 60 & echo $! > grandchild; wait; sleep 60', { timeout: 100 })])
    expect(outcome).toMatchObject({ code: 'NAV_HOOK_FAILED', message: expect.stringContaining('longer than 0.1 s') })
    expect([pids.map(isGroupAlive), ended]).toEqual([[false], pids])
    const grandchild = Number(await readFile(join(directory, 'grandchild'), 'utf8'))
    expect(startOf(grandchild)).toBeUndefined()
  })

  test('goes by the common limit where a hook has none of its own', async () => {
    expect((await run([shell('sleep 60')], { timeoutMs: 50 })).outcome).toMatchObject({ code: 'NAV_HOOK_FAILED' })
  })

  test('is given up when it is no longer wanted', async () => {
    const giveUp = new AbortController()
    const running = run([shell('sleep 60'), shell('echo never')], { signal: giveUp.signal })
    giveUp.abort(new Error('enough'))
    const { outcome, lines, pids } = await running
    expect([(outcome as Error).message, lines, pids.map(isGroupAlive)]).toEqual(['enough', [], pids.map(() => false)])
  })
})
