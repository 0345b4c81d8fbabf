import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Logger } from '../../src/log/logger.ts'
import { createMemoryLimits } from '../../src/supervisor/memory-limits.ts'
import { openSite, type Site, tenant } from './site.ts'

const leaks = {
  root: join(import.meta.dirname, '../apps'),
  launch: { command: process.execPath, args: ['leaks.ts'], port_env_var: 'PORT' },
  env: { MB: '150' },
  memory_limit: 250 * 1024 ** 2,
}

const leak = async (site: Site, times: number) => {
  for (let time = 0; time < times; time++) await site.get('/acme/leak')
}

describe.concurrent('a memory limit, watched', () => {
  test('ends a tenant that takes more, and the next request gets another', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme', leaks)] })
    const first = (await site.get('/acme/')).body
    await leak(site, 2)
    expect(await site.until('acme', 'stopped')).toMatchObject({ stopReason: 'memory', memoryLimitBytes: leaks.memory_limit, restarts: 0 })
    expect((await site.get('/acme/')).body).not.toBe(first)
  })

  test('lets alone one that takes less', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme', leaks), tenant('bora', { ...leaks, memory_limit: 2 * 1024 ** 3 })] })
    await site.get('/bora/leak')
    const { pid } = await site.row('bora')
    await site.get('/acme/')
    await leak(site, 2)
    await site.until('acme', 'stopped')
    expect(await site.row('bora')).toMatchObject({ state: expect.stringMatching(/ready|idle/), pid })
  })

  test('is none when there is none', async ({ expect }) => {
    const { memory_limit: _, ...unlimited } = leaks
    await using site = await openSite({ tenants: [tenant('acme', unlimited), tenant('bora', leaks)] })
    await leak(site, 2)
    const { pid } = await site.row('acme')
    await site.get('/bora/leak')
    await site.get('/bora/leak')
    await site.until('bora', 'stopped')
    expect(await site.row('acme')).toMatchObject({ pid })
  })
})

const recordingLog = () => {
  const lines: string[] = []
  const note = (fields: object | string, message = '') => void lines.push(`${message} ${JSON.stringify(fields)}`)
  const log: Logger = { level: 'info', debug: note, info: note, warn: note, error: note, child: () => log }
  return { log, lines }
}

describe('a memory limit, kept by control groups', () => {
  test('counts what was killed in one process, and begins anew with the next', () => {
    const { log, lines } = recordingLog()
    let killed = 0
    const groups = { lend: () => ({ membersFile: '/cgroup.procs', oomKills: () => killed, [Symbol.dispose]() {} }) }
    const limits = createMemoryLimits(() => groups, log)
    const acme = tenant('acme', { memory_limit: 1_000 })
    const first = limits.hold(acme, 0)!
    killed = 2
    first[Symbol.dispose]()
    killed = 0
    limits.hold(acme, 1)![Symbol.dispose]()
    expect(limits.oomKills('acme')).toBe(2)
    expect(lines).toEqual(['tenant was killed for want of memory {"tenant":"acme","limitBytes":1000,"oomKills":2}'])
  })

  test('that cannot be had is said once, and keeps nobody from starting', () => {
    const { log, lines } = recordingLog()
    const limits = createMemoryLimits(() => {
      throw new Error('read-only file system')
    }, log)
    expect(limits.hold(tenant('acme', { memory_limit: 1_000 }), 0)).toBeUndefined()
    expect(limits.hold(tenant('bora', { memory_limit: 1_000 }), 1)).toBeUndefined()
    expect(lines).toEqual([expect.stringMatching(/^control groups cannot be had.*read-only file system/)])
  })
})
