import { describe, expect, test } from 'vitest'
import { NavigatorError } from '../../src/errors.ts'
import { getFrom, managed, openSite, type Site, tenant } from './site.ts'

/** Takes a while to go. */
const STUBBORN = `console.log('up'); setInterval(() => {}, 1e6); process.on('SIGTERM', () => setTimeout(() => process.exit(0), 300))`

/** Requests without a pause until `during` is done; gives what came back. */
const underLoad = async (site: Site, path: string, during: () => Promise<unknown>) => {
  const answers: { status: number; body: string }[] = []
  let isOver = false
  const client = async () => {
    while (!isOver) answers.push(await site.get(path))
  }
  const clients = [client(), client()]
  await during()
  isOver = true
  await Promise.all(clients)
  return answers
}

describe.concurrent('a reload', () => {
  test('replaces a changed tenant without a gap', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    site.change({ tenants: [tenant('acme', { env: { GREETING: 'bonjour', BOOT_MS: '200' } })] })
    const answers = await underLoad(site, '/acme/', () => site.supervisor.reload())
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(answers[0]!.body).toContain('hello')
    expect((await site.get('/acme/')).body).toContain('bonjour')
  })

  test('lets requests of the old process end', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    const slow = site.get('/acme/slow')
    await expect.poll(async () => (await site.row('acme')).requests).toBe(2)
    site.change({ tenants: [tenant('acme', { env: { GREETING: 'bonjour' } })] })
    await site.supervisor.reload()
    expect(await slow).toEqual({ status: 200, body: 'hello slowly' })
  })

  test('keeps the old process when the new one fails, and says so', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    const { pid } = await site.row('acme')
    site.change({ tenants: [tenant('acme', { env: { EXIT_AT_START: '9' } })] })
    const report = await site.supervisor.reload()
    expect(report.failures).toEqual([
      { kind: 'tenant', name: 'acme', reason: expect.stringMatching(/exit code 9.*cannot open the database/) },
    ])
    expect((await site.get('/acme/')).body).toBe(`hello from ${pid}`)
  })

  test('tries a failed replacement again at the next reload', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    const broken = { tenants: [tenant('acme', { env: { EXIT_AT_START: '9' } })] }
    site.change(broken)
    await site.supervisor.reload()
    expect((await site.supervisor.reload()).failures).toHaveLength(1)
  })

  test('touches neither the process nor the pid of what did not change', async () => {
    await using site = await openSite({ tenants: [tenant('acme'), tenant('bora')] })
    await site.get('/acme/')
    const { pid } = await site.row('acme')
    site.change({ tenants: [tenant('acme', { idle_timeout: 30_000 }), tenant('bora', { env: { X: '1' } })] })
    const { tenants } = await site.supervisor.reload()
    expect(tenants).toEqual({ added: [], removed: [], changed: ['bora'], retuned: ['acme'] })
    expect((await site.row('acme')).pid).toBe(pid)
  })

  test('goes by new timeouts at once', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    site.change({ tenants: [tenant('acme', { idle_timeout: 50 })] })
    await site.get('/acme/')
    await site.supervisor.reload()
    expect(await site.until('acme', 'stopped')).toMatchObject({ stopReason: 'idle' })
  })

  test('routes to added tenants and no longer to removed ones', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    site.change({ tenants: [tenant('bora')] })
    await site.supervisor.reload()
    expect((await site.get('/acme/')).status).toBe(404)
    expect((await site.get('/bora/')).status).toBe(200)
  })

  test('clears the backoff of a tenant whose configuration was mended', async () => {
    await using site = await openSite({ tenants: [tenant('acme', { env: { EXIT_AT_START: '1' } })] })
    expect((await site.get('/acme/')).status).toBe(503)
    site.change({ tenants: [tenant('acme')] })
    await site.supervisor.reload()
    expect((await site.get('/acme/')).status).toBe(200)
  })

  test('changes nothing when the file is refused', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    const before = await site.get('/acme/')
    site.change(new NavigatorError('NAV_CONFIG_INVALID', 'unknown key "pth"'))
    await expect(site.supervisor.reload()).rejects.toThrow('unknown key "pth"')
    expect(await site.get('/acme/')).toEqual(before)
    site.change({ tenants: [tenant('acme'), tenant('bora')] })
    expect((await site.supervisor.reload()).tenants.added).toEqual(['bora'])
  })

  test('follows the one under way when it is asked for meanwhile', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    site.change({ tenants: [tenant('acme', { env: { BOOT_MS: '300' } })] })
    const first = site.supervisor.reload()
    await expect.poll(async () => (await site.row('acme')).state).toBe('ready')
    site.change({ tenants: [tenant('acme', { env: { BOOT_MS: '300' } }), tenant('bora')] })
    const [second, third] = [site.supervisor.reload(), site.supervisor.reload()]
    expect((await first).tenants).toMatchObject({ added: [], changed: ['acme'] })
    expect((await second).tenants).toMatchObject({ added: ['bora'], changed: [] })
    expect(await third).toEqual(await second)
  })

  test('listens at a new address without a new start', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme')], server: { listen: { host: '127.0.0.1', port: 0 } } })
    const { port: old } = site.supervisor.address
    site.change({ tenants: [tenant('acme')], server: { listen: { host: '127.0.0.2', port: 0 } } })
    const { address } = await site.supervisor.reload()
    expect(address).toMatchObject({ host: '127.0.0.2' })
    expect(site.supervisor.address).toEqual(address)
    await expect
      .poll(() =>
        getFrom(old, '/acme/').then(
          () => 'answers',
          () => 'refuses',
        ),
      )
      .toBe('refuses')
  })

  test('names what takes effect at the next start only', async () => {
    await using site = await openSite({ server: { workers: 1 } })
    site.change({ server: { workers: 2 } })
    expect((await site.supervisor.reload()).deferred).toEqual(['server.workers'])
  })

  test('counts on where the old process left off', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    site.change({ tenants: [tenant('acme', { env: { X: '1' } })] })
    await site.supervisor.reload()
    await site.get('/acme/')
    await expect.poll(async () => (await site.row('acme')).requests).toBe(2)
  })

  test('that a stop overtakes leaves nothing running', async () => {
    await using site = await openSite({ tenants: [tenant('acme')], processes: [managed('one', STUBBORN)] })
    await site.get('/acme/')
    await site.printed('[one.stdout] up')
    site.change({
      tenants: [tenant('acme', { env: { BOOT_MS: '60000' } })],
      processes: [managed('one', STUBBORN, { env: { X: '1' } }), managed('two', STUBBORN)],
    })
    const reload = site.supervisor.reload()
    const refused = expect(reload).rejects.toMatchObject({ code: 'NAV_NOT_RUNNING' })
    await site.until('one', 'stopping')
    await site.supervisor.stop('test')
    await refused
    expect((await site.supervisor.ps()).rows.filter(({ pid }) => pid !== undefined)).toEqual([])
    expect(site.lines).not.toContain('[two.stdout] up')
  })
})
