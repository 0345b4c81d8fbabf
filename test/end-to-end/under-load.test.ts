import { describe, expect, test, vi } from 'vitest'
import { type Running, startNavigator } from './harness.ts'
import { startLoad } from './load.ts'
import { portRange, tenant } from './site.ts'

const pidOf = async (site: Running, name: string) => (await site.ps()).rows.find((row) => row.name === name)?.pid
const only200 = (tally: { statuses: Map<number, number>; failures: readonly string[] }) => ({
  statuses: [...tally.statuses.keys()],
  failures: tally.failures,
})

describe('under constant load', () => {
  test('reloads lose nothing, whether a tenant changed, none did, or the file is broken', async () => {
    const pools = portRange()
    const config = (revision: number) => ({
      applications: { pools, tenants: [tenant('changing', 'echo', { env: { REVISION: String(revision) } }), tenant('same')] },
    })
    await using site = await startNavigator({ config: config(0) })
    await Promise.all([site.get('/changing/pid'), site.get('/same/pid')])
    const samePid = await pidOf(site, 'same')
    const load = startLoad(site.port, ['/changing/pid', '/same/pid'], 8)

    for (let revision = 1; revision <= 3; revision++) {
      expect(await site.reload(config(revision))).toMatchObject({ code: 0 })
      expect((await site.get('/changing/env?name=REVISION')).body).toBe(String(revision))
    }
    for (let i = 0; i < 2; i++) expect(await site.reload()).toMatchObject({ code: 0 })
    const refused = await site.reload('server: { lisen: 3000 }')
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.stderr).toContain('did you mean "listen"?')

    expect(only200(await load.stop())).toEqual({ statuses: [200], failures: [] })
    expect(await pidOf(site, 'same')).toBe(samePid)
  })

  test('tenants that stop when idle and start again answer every request', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: [tenant('nap', 'echo', { idle_timeout: '1s' }), tenant('busy')] } },
    })
    await site.get('/busy/pid')
    const load = startLoad(site.port, ['/busy/pid'], 4)
    const answers: number[] = []
    for (let i = 0; i < 3; i++) {
      answers.push((await site.get('/nap/pid')).status)
      await vi.waitFor(() => expect(site.log().filter((line) => line.includes('tenant stopped'))).toHaveLength(i + 1), 15_000)
    }
    expect(answers).toEqual([200, 200, 200])
    expect(only200(await load.stop())).toEqual({ statuses: [200], failures: [] })
  })

  test('a killed tenant is missed only by what it was answering, and the next request starts it anew', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: [tenant('victim'), tenant('other')] } },
    })
    await Promise.all([site.get('/victim/pid'), site.get('/other/pid')])
    const before = await pidOf(site, 'victim')
    const load = startLoad(site.port, ['/victim/pid', '/other/pid'], 8)
    process.kill(before!, 'SIGKILL')
    await site.logged(/tenant (crashed|stopped|exited)/)
    expect((await site.get('/victim/pid')).status).toBe(200)
    const { statuses, failures } = await load.stop()

    // At most what the eight connections had in flight.
    const lost = (statuses.get(502) ?? 0) + failures.length
    expect(lost).toBeLessThanOrEqual(8)
    expect([...statuses.keys()].filter((status) => status !== 502)).toEqual([200])
    expect(await pidOf(site, 'victim')).not.toBe(before)
  })
})
