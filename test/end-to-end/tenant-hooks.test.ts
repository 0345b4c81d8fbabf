import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startNavigator } from './harness.ts'
import { portRange, tenant } from './site.ts'

const shell = (script: string) => ({ command: '/bin/sh', args: ['-c', script] })

describe('hooks of a tenant', () => {
  test('run before its first request and before its end, those of all tenants first, in its environment', async () => {
    const ash = tenant('ash', 'echo', {
      var: { place: 'boston' },
      env: { DATABASE: '${place}.db' },
      hooks: { start: [shell('echo "own start of ${place} $DATABASE"')], stop: [shell('echo "own stop"')] },
    })
    await using site = await startNavigator({
      config: {
        applications: { pools: portRange(), tenants: [ash] },
        hooks: { tenant: { start: [shell('echo start of all')], stop: [shell('echo stop of all')] } },
      },
    })
    await site.get('/ash/pid')
    expect(JSON.parse(await site.logged('own start'))).toMatchObject({
      source: 'hook:tenant.start.ash',
      tenant: 'ash',
      message: 'own start of boston boston.db',
    })
    expect(await site.stop()).toBe(0)
    const lines = site.log()
    const order = ['start of all', 'own start', 'tenant ready', 'stop of all', 'own stop', 'tenant stopped']
    const found = order.map((part) => lines.findIndex((line) => line.includes(part)))
    expect(found.includes(-1)).toBe(false)
    expect(found.toSorted((a, b) => a - b)).toEqual(found)
  })

  test('that fail keep nobody from being served or stopped', async () => {
    await using site = await startNavigator({
      config: {
        applications: { pools: portRange(), tenants: [tenant('ash')] },
        hooks: { tenant: { start: [shell('exit 1'), shell('echo never')], stop: [shell('exit 2')] } },
      },
    })
    expect((await site.get('/ash/pid')).status).toBe(200)
    expect(await site.stop()).toBe(0)
    expect(site.log().join('\n')).toMatch(/tenant\.start\.ash.*exit code 1[\s\S]*tenant\.stop\.ash.*exit code 2/)
    expect(site.log().join('\n')).not.toContain('never')
  })

  test('run at the end even when a request took all the time there was to end it', async () => {
    await using site = await startNavigator({
      config: {
        server: { timeouts: { drain: '200ms' } },
        applications: { pools: portRange(), tenants: [tenant('ash', 'echo', { stop_timeout: '200ms' })] },
        hooks: { tenant: { stop: [shell('echo farewell')] } },
      },
    })
    await site.get('/ash/pid')
    const cut = site.get('/ash/hang').catch((error: Error) => error)
    await site.get('/ash/open')
    expect(await site.stop()).toBe(0)
    expect(site.log().some((line) => line.includes('farewell'))).toBe(true)
    await cut
  })

  test('hold up nobody but the tenant, and give an idle stop up for a request', async () => {
    await using site = await startNavigator({
      config: {
        applications: { pools: portRange(), tenants: [tenant('ash', 'echo', { idle_timeout: '100ms' }), tenant('bay')] },
        hooks: { tenant: { stop: [shell('test "$0" = sh; while [ ! -e go ]; do sleep 0.02; done')] } },
      },
    })
    const pid = (await site.get('/ash/pid')).body
    await site.logged('"hook":"tenant.stop.ash","tenant":"ash","command"')
    expect((await site.get('/bay/pid')).status).toBe(200)
    expect((await site.get('/ash/pid')).body).toBe(pid)
    await site.logged('hook called off')
    await writeFile(join(site.directory, 'go'), '')
  })

  test('a PID file that a killed app left behind is gone before it starts', async () => {
    const ash = tenant('ash', 'echo', { env: { PIDFILE: '${RUN_AT}/ash.pid' } })
    const script = 'test ! -e "$PIDFILE" && echo clean'
    await using site = await startNavigator({
      files: { 'ash.pid': '1\n' },
      env: { RUN_AT: '.' },
      config: { applications: { pools: portRange(), tenants: [{ ...ash, root: '.', hooks: { start: [shell(script)] } }] } },
    })
    expect((await site.get('/ash/pid')).status).toBe(200)
    await site.logged('clean')
  })
})
