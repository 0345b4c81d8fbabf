import { describe, expect, test } from 'vitest'
import { openSite, tenant } from './site.ts'

const pidOf = (body: string): number => Number(/from (\d+)/.exec(body)?.[1])
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.concurrent('supervisor', () => {
  test('starts a tenant for the first request and answers it', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    expect((await site.row('acme')).state).toBe('stopped')
    expect(await site.get('/acme/')).toMatchObject({ status: 200, body: expect.stringContaining('hello from') })
    expect(await site.row('acme')).toMatchObject({ state: 'ready', requests: 1, restarts: 0 })
  })

  test('starts a tenant once for all its first requests', async () => {
    await using site = await openSite({ tenants: [tenant('acme'), tenant('bora')] })
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => site.get(i % 2 ? '/acme/' : '/bora/')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(answers.map(({ body }) => pidOf(body))).size).toBe(2)
  })

  test('lets no slow start delay another tenant', async () => {
    const slow = Array.from({ length: 3 }, (_, i) => tenant(`slow${i}`, { env: { BOOT_MS: '60000' }, ready_timeout: 1_500 }))
    await using site = await openSite({ tenants: [...slow, tenant('quick')] })
    const abandoned = slow.map(({ name }) => site.get(`/${name}/`).catch(() => undefined))
    await site.until('slow2', 'starting')
    expect(await site.get('/quick/')).toMatchObject({ status: 200 })
    void abandoned
  })

  test('stops a tenant that has been quiet and starts it again for the next request', async () => {
    await using site = await openSite({ tenants: [tenant('acme', { idle_timeout: 100 })] })
    const first = pidOf((await site.get('/acme/')).body)
    await site.until('acme', 'stopped')
    expect(isAlive(first)).toBe(false)
    const second = await site.get('/acme/')
    expect(second.status).toBe(200)
    expect(pidOf(second.body)).not.toBe(first)
    expect((await site.row('acme')).requests).toBe(2)
  })

  test('starts a killed tenant anew for the next request, at once', async () => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    process.kill(pidOf((await site.get('/acme/')).body), 'SIGKILL')
    const crashed = await site.until('acme', 'stopped')
    expect(crashed).toMatchObject({ restarts: 1, lastExit: { code: null, signal: 'SIGKILL' } })
    expect((await site.get('/acme/')).status).toBe(200)
  })

  test('answers for a tenant that cannot start, and shows the operator why', async () => {
    await using site = await openSite({ tenants: [tenant('acme', { env: { EXIT_AT_START: '7' } })] })
    expect(await site.get('/acme/')).toEqual({ status: 503, body: 'it did not become ready' })
    expect(await site.row('acme')).toMatchObject({
      state: 'crashed',
      lastExit: { code: 7, signal: null },
      failure: { reason: 'it did not become ready' },
      tail: ['cannot open the database'],
    })
  })

  test('names the program that cannot be executed', async () => {
    const launch = { command: '/nowhere/app', args: [], port_env_var: 'PORT' }
    await using site = await openSite({ tenants: [tenant('acme', { launch })] })
    expect(await site.get('/acme/')).toEqual({ status: 503, body: 'it could not be started' })
    expect((await site.row('acme')).tail?.[0]).toMatch(/NAV_EXEC_FAILED: .*\/nowhere\/app/)
  })

  test('gives up a start that is not ready in time', async () => {
    await using site = await openSite({ tenants: [tenant('acme', { env: { BOOT_MS: '60000' }, ready_timeout: 300 })] })
    expect(await site.get('/acme/')).toMatchObject({ status: 503 })
    expect(await site.row('acme')).toMatchObject({ state: 'crashed', restarts: 1 })
  })

  test('replaces a worker that dies, and the site goes on', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    await site.get('/acme/')
    await expect(site.get('/die')).rejects.toThrow()
    const crashes = async () => (await site.supervisor.ps()).rows.filter(({ kind, restarts }) => kind === 'worker' && restarts === 1)
    await expect.poll(crashes, { timeout: 5_000 }).toHaveLength(1)
    const answers = await Promise.all(Array.from({ length: 10 }, () => site.get('/acme/')))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
    await site.until('0', 'ready')
    await site.until('1', 'ready')
  })

  test('stops the tenant that has been idle longest when the next one needs its place', async () => {
    await using site = await openSite({ tenants: ['acme', 'bora', 'coda'].map((name) => tenant(name)), pools: { max_size: 2 } })
    await site.get('/acme/')
    await site.until('acme', 'idle')
    await site.get('/bora/')
    expect((await site.get('/coda/')).status).toBe(200)
    expect(await site.row('acme')).toMatchObject({ state: 'stopped', stopReason: 'eviction' })
    expect((await site.row('bora')).pid).toBeDefined()
  })

  test('serves every tenant in turn when there is place for one only', async () => {
    await using site = await openSite({ tenants: ['acme', 'bora', 'coda'].map((name) => tenant(name)), pools: { max_size: 1 } })
    const answers = await Promise.all(['acme', 'bora', 'coda'].map((name) => site.get(`/${name}/`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  }, 20_000)

  test('lets requests end before it stops, and leaves no process', async ({ expect }) => {
    await using site = await openSite({ tenants: [tenant('acme')] })
    const pid = pidOf((await site.get('/acme/')).body)
    const slow = site.get('/acme/slow')
    await expect.poll(async () => (await site.row('acme')).requests).toBe(2)
    await site.supervisor.stop('test')
    expect(await slow).toEqual({ status: 200, body: 'hello slowly' })
    expect(isAlive(pid)).toBe(false)
    await expect(site.get('/acme/')).rejects.toThrow('ECONNREFUSED')
  })

  test("prints its children's lines under their names", async () => {
    await using site = await openSite({ tenants: [tenant('acme', { env: { EXIT_AT_START: '1' } })] })
    await site.get('/acme/')
    expect(site.lines).toContain('[acme.stderr] cannot open the database')
  })
})
