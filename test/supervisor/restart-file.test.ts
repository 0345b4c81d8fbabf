import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { openSite, type Site, tenant } from './site.ts'

const makeRoot = async () => {
  const root = await mkdtemp(join(tmpdir(), 'nav-root-'))
  await mkdir(join(root, 'tmp'))
  const file = join(root, 'tmp/restart.txt')
  return {
    root,
    touch: () => writeFile(file, ''),
    async touchAt(time: Date) {
      await writeFile(file, '')
      await utimes(file, time, time)
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
}

const pidOf = async (site: Site, name: string) => (await site.row(name)).pid

describe.concurrent('tmp/restart.txt', () => {
  test('touched, gives an awake tenant a new process without a gap', async ({ expect }) => {
    await using place = await makeRoot()
    await using site = await openSite({ tenants: [tenant('acme', { root: place.root, env: { BOOT_MS: '300' } })] })
    await site.get('/acme/')
    const before = await pidOf(site, 'acme')
    const statuses = new Set<number>()
    await place.touch()
    await expect
      .poll(
        async () => {
          statuses.add((await site.get('/acme/')).status)
          return pidOf(site, 'acme')
        },
        { timeout: 10_000 },
      )
      .not.toBe(before)
    expect([...statuses]).toEqual([200])
  })

  test('leaves alone what was started after it was touched', async ({ expect }) => {
    await using place = await makeRoot()
    await place.touchAt(new Date(Date.now() - 60_000))
    await using site = await openSite({ tenants: [tenant('acme', { root: place.root }), tenant('other')] })
    await site.get('/acme/')
    await site.get('/other/')
    const before = await pidOf(site, 'acme')
    // Another file's restart shows that looks have been taken.
    await using second = await makeRoot()
    site.change({ tenants: [tenant('acme', { root: place.root }), tenant('other', { root: second.root })] })
    await site.supervisor.reload()
    const other = await pidOf(site, 'other')
    await second.touch()
    await expect.poll(() => pidOf(site, 'other'), { timeout: 10_000 }).not.toBe(other)
    expect(await pidOf(site, 'acme')).toBe(before)
  })
})

describe.concurrent('a tenant with min_instances', () => {
  test('is started without a request, and again after a crash', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme', { min_instances: 1 })] })
    const { pid } = await site.until('acme', 'ready')
    process.kill(pid!, 'SIGKILL')
    await expect.poll(async () => (await site.row('acme')).restarts).toBe(1)
    expect((await site.until('acme', 'ready')).pid).not.toBe(pid)
  })

  test('is not stopped for being idle', async ({ expect }) => {
    const times = { idle_timeout: 50 }
    await using site = await openSite({ tenants: [tenant('acme', { min_instances: 1, ...times }), tenant('bora', times)] })
    await site.get('/bora/')
    const { pid } = await site.until('acme', 'ready')
    await site.until('bora', 'stopped')
    expect(await site.row('acme')).toMatchObject({ state: 'ready', pid })
  })
})
