import { describe, expect, test } from 'vitest'
import { type Account, accountEnvironment, disguiseAs } from '../../src/process/identity.ts'
import { startProcess } from '../../src/process/run.ts'

const isRoot = process.geteuid?.() === 0
const DAEMON: Account = { user: 'daemon', uid: 1, gid: 1, groups: [1], home: '/usr/sbin' }

/** What `id` says in a process of this account. */
const idOf = async (as: Account): Promise<string> => {
  const lines: string[] = []
  const onLine = (_: string, line: string) => lines.push(line)
  await using child = await startProcess({ name: 'id', argv: ['id'], cwd: '/', env: { PATH: process.env['PATH'] }, as, onLine })
  await child.gone
  return lines.join('\n')
}

// Only root may become somebody else.
describe.runIf(isRoot)('a process of another user', () => {
  test('has its user and group, and none of those of navigator', async () => {
    expect(await idOf(DAEMON)).toMatch(/^uid=1\(\w+\) gid=1\(\w+\) groups=1\(\w+\)$/)
  })

  test('has its other groups too', async () => {
    expect(await idOf({ ...DAEMON, groups: [1, 20] })).toMatch(/groups=1\(\w+\),20\(\w+\)$/)
  })

  test('may have another group only', async () => {
    expect(await idOf({ gid: 1, groups: [1] })).toMatch(/^uid=0\(root\) gid=1\(/)
  })

  test.each([[[1]], [[1, 20]]])('is not started when there is no such program, groups %j', async (groups) => {
    const spec = { name: 'acme', argv: ['no-such-program'], cwd: '/', env: { PATH: '/usr/bin:/bin' }, as: { ...DAEMON, groups } }
    await expect(startProcess(spec)).rejects.toMatchObject({
      code: 'NAV_EXEC_FAILED',
      message: expect.stringContaining('no-such-program was not found'),
    })
  })
})

describe.runIf(isRoot)('without root', () => {
  test('another user is refused with what to do', async () => {
    process.seteuid!(1)
    try {
      expect(() => disguiseAs('acme', { ...DAEMON, uid: 2 })).toThrow(/acme: only root may run it as daemon/)
      expect(disguiseAs('acme', { uid: 1, gid: process.getegid!(), groups: [] })).toEqual({ ids: {}, prefix: [] })
    } finally {
      process.seteuid!(0)
    }
  })
})

test('a user has a home and a name', () => {
  expect(accountEnvironment(DAEMON)).toEqual({ HOME: '/usr/sbin', USER: 'daemon', LOGNAME: 'daemon' })
  expect(accountEnvironment({ gid: 1, groups: [1] })).toEqual({})
})
