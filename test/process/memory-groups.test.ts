import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openMemoryGroups } from '../../src/process/memory-groups.ts'
import { startProcess } from '../../src/process/run.ts'

/** Directories and files in the place of the kernel's: they take what is written, and limit nothing. */
const standIn = async (files: Record<string, string>, own: string) => {
  const root = await mkdtemp(join(tmpdir(), 'nav-cgroup-'))
  for (const [file, text] of Object.entries({ ...files, own })) {
    await mkdir(join(root, file, '..'), { recursive: true })
    await writeFile(join(root, file), text)
  }
  return { root, own: join(root, 'own'), [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) }
}

const versionTwo = {
  'cgroup.controllers': 'cpu memory pids\n',
  'unit/cgroup.controllers': 'memory\n',
  'unit/cgroup.subtree_control': 'memory\n',
}

describe('control groups', () => {
  test('of version 2 are made in our own and limit all members together', async () => {
    await using places = await standIn(versionTwo, '0::/unit\n')
    using group = openMemoryGroups(places).lend('2025/boston', 1_000)
    const directory = join(group.membersFile, '..')
    expect(directory).toMatch(new RegExp(`^${places.root}/unit/navigator-${process.pid}-2025_boston-1$`))
    expect(readFileSync(join(directory, 'memory.max'), 'utf8')).toBe('1000')
    await writeFile(join(directory, 'memory.events'), 'low 0\noom 3\noom_kill 2\noom_group_kill 1\n')
    expect(group.oomKills()).toBe(2)
  })

  test('are shared out for memory where they are not yet', async () => {
    await using places = await standIn({ ...versionTwo, 'unit/cgroup.subtree_control': 'cpu\n' }, '0::/unit\n')
    openMemoryGroups(places)
    expect(readFileSync(join(places.root, 'unit/cgroup.subtree_control'), 'utf8')).toBe('+memory')
  })

  test('of version 1 are taken where version 2 has no memory', async () => {
    const files = { 'memory/memory.limit_in_bytes': '9', 'memory/ours/memory.limit_in_bytes': '9' }
    await using places = await standIn(files, '4:memory:/ours\n0::/\n')
    using group = openMemoryGroups(places).lend('acme', 5_000)
    const directory = join(group.membersFile, '..')
    expect(directory).toMatch(/\/memory\/ours\/navigator-/)
    expect(readFileSync(join(directory, 'memory.limit_in_bytes'), 'utf8')).toBe('5000')
    await writeFile(join(directory, 'memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n')
    expect(group.oomKills()).toBe(1)
  })

  test('that a killed navigator left are removed', async () => {
    await using places = await standIn(versionTwo, '0::/unit\n')
    const left = join(places.root, 'unit/navigator-999999999-acme-1')
    await mkdir(left)
    openMemoryGroups(places)
    expect(existsSync(left)).toBe(false)
  })

  test('that the system does not have are said to be missing', async () => {
    await using places = await standIn({}, '0::/\n')
    expect(() => openMemoryGroups(places)).toThrow('the system has no control groups for memory')
  })
})

// It makes groups inside the one the tests run in, which is for whoever runs them to allow.
test.runIf(process.env['NAVIGATOR_TEST_CGROUPS'])('the kernel ends what takes more than its group may, and counts it', async () => {
  using group = openMemoryGroups().lend('leak', 96 * 1024 ** 2)
  const script = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(16 * 1024 ** 2, 1)), 5)'
  const argv = [process.execPath, '-e', script]
  await using child = await startProcess({ name: 'leak', argv, cwd: '/', env: {}, membersFile: group.membersFile })
  expect((await child.exited).signal).toBe('SIGKILL')
  expect(group.oomKills()).toBeGreaterThan(0)
})

test.each([
  {},
  ...(process.geteuid?.() === 0 ? [{ as: { uid: 1, gid: 1, groups: [1] } }, { as: { uid: 1, gid: 1, groups: [1, 20] } }] : []),
])('a process is in its group before it begins, under the pid it keeps: %j', async (who) => {
  const directory = await mkdtemp(join(tmpdir(), 'nav-members-'))
  const membersFile = join(directory, 'cgroup.procs')
  const argv = ['sleep', '60']
  {
    await using child = await startProcess({ name: 'acme', argv, cwd: '/', env: { PATH: process.env['PATH'] }, membersFile, ...who })
    await expect.poll(() => existsSync(membersFile) && readFileSync(membersFile, 'utf8').trim()).toBe(String(child.pid))
    await expect.poll(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim()).toBe('sleep')
  }
  await rm(directory, { recursive: true })
})
