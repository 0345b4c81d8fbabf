import { describe, expect, test } from 'vitest'
import { startNavigator } from './harness.ts'
import { portRange, tenant } from './site.ts'

const names = ['ash', 'birch', 'cedar', 'elm', 'fir']

describe('a sleeping tenant', () => {
  test('is started once by fifty first requests, as are four others beside it', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: names.map((name) => tenant(name)) } },
    })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => site.get(`/${names[i % names.length]}/pid`).then(({ status, body }) => ({ i, status, body }))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    for (const [n] of names.entries()) {
      const pids = new Set(answers.filter(({ i }) => i % names.length === n).map(({ body }) => body))
      expect(pids.size).toBe(1)
    }
    expect(new Set(answers.map(({ body }) => body)).size).toBe(names.length)
  })

  test('that is slow to boot delays no other', async () => {
    await using site = await startNavigator({
      config: {
        server: { timeouts: { drain: '500ms' } },
        applications: {
          pools: portRange(),
          tenants: [tenant('slow', 'slow-boot', { env: { BOOT_MS: '60000' } }), tenant('quick')],
        },
      },
    })
    const slow = site.get('/slow/', { headers: { accept: 'application/json' } }).catch((error: Error) => error.name)
    expect((await site.get('/quick/status?code=204')).status).toBe(204)
    const { rows } = await site.ps()
    expect(rows.find(({ name }) => name === 'slow')?.state).toBe('starting')
    await site.stop()
    await slow
  })

  test('shows a browser the maintenance page past startup_timeout while an API client goes on waiting', async () => {
    await using site = await startNavigator({
      config: {
        applications: {
          pools: portRange(),
          tenants: [tenant('slow', 'slow-boot', { startup_timeout: '300ms', env: { BOOT_MS: '2500' } })],
        },
      },
    })
    const [browser, api] = await Promise.all([
      site.get('/slow/', { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } }),
      site.get('/slow/', { headers: { accept: 'application/json' } }),
    ])
    expect(browser.status).toBe(503)
    expect(browser.headers['retry-after']).toBeDefined()
    expect(browser.headers['cache-control']).toContain('no-store')
    expect(browser.body).toMatch(/http-equiv="?refresh/i)
    expect(api.status).toBe(200)
  })

  test('that crashes at its start gives 503 with a reason, its last words in ps and not in public', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: [tenant('broken', 'crash-loop')] } },
    })
    const answer = await site.get('/broken/', { headers: { accept: 'application/json' } })
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBeDefined()
    const row = (await site.ps()).rows.find(({ name }) => name === 'broken')
    expect(row?.lastExit?.code).not.toBe(0)
    expect(row?.tail?.length).toBeGreaterThan(0)
    for (const line of row?.tail ?? []) expect(answer.body).not.toContain(line)
  })

  test('whose command does not exist gives 503, and the log says command, directory and reason', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: [tenant('absent', 'echo', { command: 'no-such-program' })] } },
    })
    expect((await site.get('/absent/')).status).toBe(503)
    const line = await site.logged('no-such-program')
    expect(line).toMatch(/ENOENT|no such file/i)
    expect(line).toContain('test/apps')
  })
})

describe('an idle tenant', () => {
  test('is stopped after its idle_timeout and started anew by the next request', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: [tenant('ash', 'echo', { idle_timeout: '1s' })] } },
    })
    const first = await site.get('/ash/pid')
    await site.logged(/tenant stopped/)
    const second = await site.get('/ash/pid')
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body).not.toBe(first.body)
  })

  test('makes room for the next one when max_size are awake', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: { ...portRange(), max_size: 2 }, tenants: names.map((name) => tenant(name)) } },
    })
    for (const name of names) expect((await site.get(`/${name}/pid`)).status).toBe(200)
    const awake = (await site.ps()).rows.filter(({ kind, pid }) => kind === 'tenant' && pid !== undefined)
    expect(awake.length).toBeLessThanOrEqual(2)
  })
})
