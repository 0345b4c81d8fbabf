import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { root, startNavigator } from './harness.ts'
import { startLoad } from './load.ts'
import { portRange, tenant } from './site.ts'

const shell = (script: string, more: Readonly<Record<string, unknown>> = {}) => ({ command: '/bin/sh', args: ['-c', script], ...more })

describe('hooks of the server', () => {
  test('lead from a maintenance configuration into the real one, and no request is refused on the way', async () => {
    const real = {
      logging: { format: 'json' },
      server: { listen: '127.0.0.1:0' },
      applications: { pools: portRange(), tenants: [tenant('ash')] },
      hooks: { server: { ready: [shell('echo settled')] } },
    }
    await using site = await startNavigator({
      files: { 'real.txt': stringify(real) },
      config: {
        maintenance: { enabled: true },
        hooks: {
          server: { ready: [shell('while [ ! -e go ]; do sleep 0.02; done; cp real.txt real.yml', { reload_config: 'real.yml' })] },
        },
      },
    })
    const load = startLoad(site.port, ['/ash/pid'], 4)
    expect((await site.get('/ash/pid')).status).toBe(503)
    await writeFile(join(site.directory, 'go'), '')
    await site.logged('"msg":"reloaded"')
    expect((await site.get('/ash/pid')).status).toBe(200)
    const { failures, statuses } = await load.stop()
    expect(failures).toEqual([])
    expect([...statuses.keys()].toSorted()).toEqual([200, 503])
    await site.logged('settled')
    expect((await site.ps()).configFile).toBe(join(site.directory, 'real.yml'))
    expect((await site.command('reload')).stdout).toContain('nothing changed')
  })

  test('that name a file with errors change nothing, also for the reloads that follow', async () => {
    await using site = await startNavigator({
      files: { 'broken.yml': 'sever: {}' },
      config: {
        applications: { pools: portRange(), tenants: [tenant('ash')] },
        hooks: { server: { ready: [shell('true', { reload_config: 'broken.yml' })] } },
      },
    })
    expect(await site.logged('reload refused')).toContain('sever')
    expect((await site.get('/ash/pid')).status).toBe(200)
    expect((await site.command('reload')).code).toBe(0)
    expect((await site.ps()).configFile).toBe(site.configFile)
  })

  test('run before connections are accepted, and again at a reload, where a failure is told', async () => {
    await using site = await startNavigator({
      config: { hooks: { server: { start: [shell('echo "began $WORD"; test ! -e broken', { env: { WORD: 'well' } })] } } },
      files: { unrelated: '' },
    })
    const lines = site.log()
    const at = (part: string) => lines.findIndex((line) => line.includes(part))
    expect(JSON.parse(await site.logged('began well'))).toMatchObject({
      source: 'hook:server.start',
      stream: 'stdout',
      message: 'began well',
    })
    expect(at('began well')).toBeLessThan(at('navigator serves'))
    await writeFile(join(site.directory, 'broken'), '')
    const { code, stderr } = await site.command('reload')
    expect(code).toBe(1)
    expect(stderr).toMatch(/hook server\.start failed: .*exit code 1/)
  })

  test('end the start with exit code 1 when one fails, and what was started before', async () => {
    const failed = await startNavigator({
      config: {
        managed_processes: [
          { name: 'side', command: process.execPath, args: [join(root, 'test/apps/ignores-sigterm.ts')], stop_timeout: '100ms' },
        ],
        hooks: { server: { start: [shell('echo no disk >&2; exit 4')] } },
      },
    }).catch((error: Error) => error.message)
    expect(failed).toMatch(/ended with 1/)
    expect(failed).toMatch(/NAV_HOOK_FAILED: hook server\.start: .*exit code 4.*no disk/)
    expect(failed).toMatch(/"msg":"process stopped"|process killed/)
  })

  test('run at the end, when tenants have stopped and managed processes still run', async () => {
    await using site = await startNavigator({
      config: {
        applications: { pools: portRange(), tenants: [tenant('ash')] },
        managed_processes: [{ name: 'side', command: 'sleep', args: ['600'] }],
        hooks: { server: { stop: [shell('echo farewell')], ready: [shell('sleep 600')] } },
      },
    })
    await site.get('/ash/pid')
    expect(await site.stop()).toBe(0)
    const lines = site.log()
    const at = (part: string) => lines.findIndex((line) => line.includes(part))
    expect(at('tenant stopped')).toBeLessThan(at('farewell'))
    expect(at('farewell')).toBeLessThan(at('stopping process'))
  })

  test('leave navigator free to be stopped while a start hook runs', async () => {
    const starting = startNavigator({ config: { hooks: { server: { start: [shell('kill -TERM $PPID; sleep 600')] } } } })
    await expect(starting).rejects.toThrow('navigator ended with 0')
  })
})
