import { describe, test } from 'vitest'
import { freePort } from '../process/run-app.ts'
import { managed, openSite } from './site.ts'

const says = (name: string) => `console.log('${name} up'); setInterval(() => {}, 1e6)`
const listens = (name: string, port: number, afterMs: number) =>
  `setTimeout(() => require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('${name} ready')), ${afterMs})`
const ups = (lines: readonly string[]) => lines.map((line) => line.replace(/^\[.*\] /, ''))

describe.concurrent('a managed process', () => {
  test('is ready when its port takes connections, and those that depend on it start then', async ({ expect }) => {
    const port = await freePort()
    const redis = managed('redis', listens('redis', port, 300), { health_check: { port, timeout: 10_000 } })
    await using site = await openSite({ processes: [redis, managed('web', says('web'), { depends_on: ['redis'] })] })
    await site.printed('[web.stdout] web up')
    expect(ups(site.lines)).toEqual(['redis ready', 'web up'])
  })

  test('holds up nobody but those that depend on it when it does not get ready', async ({ expect }) => {
    const port = await freePort()
    const redis = managed('redis', says('redis'), { health_check: { port, timeout: 300 }, auto_restart: false })
    const web = managed('web', says('web'), { depends_on: ['redis'] })
    await using site = await openSite({ processes: [redis, web, managed('mail', says('mail'))] })
    await site.until('mail', 'ready')
    expect(await site.until('redis', 'crashed')).toMatchObject({ failure: { reason: 'it was not ready in time' } })
    expect(await site.row('web')).toMatchObject({ state: 'starting' })
  })

  test('that ends with code 0 has done what those that depend on it wait for', async ({ expect }) => {
    const health_check = { port: await freePort(), timeout: 10_000 }
    const migrate = managed('migrate', `setTimeout(() => console.log('migrated'), 300)`, { health_check })
    await using site = await openSite({ processes: [migrate, managed('web', says('web'), { depends_on: ['migrate'] })] })
    await site.printed('[web.stdout] web up')
    expect(ups(site.lines)).toEqual(['migrated', 'web up'])
  })

  test('is given up after its restart limit', async ({ expect }) => {
    await using site = await openSite({ processes: [managed('one', 'process.exit(1)', { restart_limit: 1 })] })
    await expect.poll(async () => (await site.row('one')).restarts, { timeout: 10_000 }).toBe(2)
    const { since } = await site.until('one', 'crashed')
    await expect.poll(() => Date.now() - since, { timeout: 10_000 }).toBeGreaterThan(2_800)
    expect(await site.row('one')).toMatchObject({ state: 'crashed', restarts: 2 })
  })
})
