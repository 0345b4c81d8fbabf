import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, startNavigator } from './harness.ts'
import { portRange, tenant } from './site.ts'

/** A zombie is dead: it waits for whoever adopted it. */
const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^\) [ZX]/.test(stat.slice(stat.lastIndexOf(')')))
  } catch {
    return false
  }
}

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  const [free] = await Promise.race([once(server, 'listening').then(() => [true]), once(server, 'error').then(() => [false])])
  server.close()
  return free === true
}

const background = {
  name: 'background',
  command: process.execPath,
  args: [join(root, 'test/apps/forks-grandchildren.ts')],
  env: { PORT: '0' },
}

describe('navigator', () => {
  test('ends with 0 on SIGTERM, after the requests in flight, and leaves no process and no port', async () => {
    await using site = await startNavigator({
      config: { applications: { pools: portRange(), tenants: [tenant('ash')] }, managed_processes: [background] },
    })
    await site.get('/ash/pid')
    const { rows } = await site.ps()
    const pids = rows.flatMap(({ pid }) => pid ?? [])
    const port = rows.find(({ name }) => name === 'ash')?.port
    const underWay = site.get('/ash/slow?ms=700')
    await site.get('/ash/open')
    expect(await site.stop()).toBe(0)
    expect((await underWay).status).toBe(200)
    expect(pids.filter(isAlive)).toEqual([])
    expect([await isFree(port!), await isFree(site.port)]).toEqual([true, true])
  })

  test('is forced by a second SIGINT while a request goes on', async () => {
    await using site = await startNavigator({ config: { applications: { pools: portRange(), tenants: [tenant('ash')] } } })
    await site.get('/ash/pid')
    const cut = site.get('/ash/hang').catch((error: Error) => error)
    await site.get('/ash/open')
    site.signal('SIGINT')
    await site.logged(/stopping/)
    site.signal('SIGINT')
    expect(await site.exited).not.toBe(0)
    await cut
  })

  test('finds and ends at its next start what a killed navigator left running', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'navigator-killed-'))
    const config = { applications: { pools: portRange(), tenants: [tenant('ash'), tenant('stubborn', 'ignores-sigterm')] } }
    try {
      const killed = await startNavigator({ config, directory })
      await Promise.all([killed.get('/ash/pid'), killed.get('/stubborn/')])
      const pids = (await killed.ps()).rows.flatMap(({ kind, pid }) => (kind === 'tenant' && pid) || [])
      killed.signal('SIGKILL')
      await killed.exited
      expect(pids.filter(isAlive)).toEqual(pids)

      await using next = await startNavigator({ config, directory })
      expect(pids.filter(isAlive)).toEqual([])
      expect((await next.get('/ash/pid')).status).toBe(200)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('refuses to run twice on one configuration', async () => {
    await using site = await startNavigator({ config: { applications: { tenants: [tenant('ash')] } } })
    const second = await site.command()
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(new RegExp(`NAV_ALREADY_RUNNING.*${site.pid}`))
  })

  test('names the line that asked for a port in use', async () => {
    await using site = await startNavigator({ config: { applications: { tenants: [tenant('ash')] } } })
    const failed = await startNavigator({ config: { server: { listen: `127.0.0.1:${site.port}` } } }).catch((error: Error) => error.message)
    expect(failed).toMatch(/navigator\.yml:\d+:\d+ NAV_LISTEN_FAILED/)
    expect(failed).toMatch(/in use|EADDRINUSE/)
  })
})
