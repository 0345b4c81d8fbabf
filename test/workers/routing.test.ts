import { describe, expect, test } from 'vitest'
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import { createRoutingTable } from '../../workers/routing-table.ts'
import { ask, snapshotOf, startApp, startSite } from './harness.ts'

const tableOf = (tenants: readonly (Partial<TenantRoute> & { name: string })[]) => createRoutingTable(snapshotOf({ tenants }))

describe('a tenant is found', () => {
  const table = tableOf([
    { name: 'root', path: '/' },
    { name: '2025', path: '/2025/' },
    { name: 'boston', path: '/2025/boston/' },
    { name: 'münchen', path: '/münchen/' },
    { name: 'own', path: '/', host: 'own.example' },
    { name: 'ipv6', path: '/', host: '[::1]' },
  ])

  test.each([
    ['/2025/boston/x', 'boston'],
    ['/2025/boston/', 'boston'],
    ['/2025/bostonian/', '2025'],
    ['/2025/boston', '2025'],
    ['/elsewhere', 'root'],
    ['/2025/%62oston/', 'boston'],
    ['/m%C3%BCnchen/', 'münchen'],
    ['/%zz/', 'root'],
  ])('for %s: %s, by the longest prefix that ends at a slash', (path, name) => {
    expect(table.findTenant('any.example', path)?.name).toBe(name)
  })

  test('by its host before any without one, whatever the port and case', () => {
    expect(table.findTenant('OWN.example:8080', '/2025/boston/')?.name).toBe('own')
    expect(table.findTenant('[::1]:80', '/')?.name).toBe('ipv6')
    expect(table.findTenant(undefined, '/')?.name).toBe('root')
  })

  test('or not: then there is none', () => {
    expect(tableOf([{ name: 'boston' }]).findTenant(undefined, '/raleigh/')).toBeUndefined()
  })

  test('as quickly among 100,000 as among 10, and in a path of 10,000 slashes', () => {
    const tookMs = (count: number): number => {
      const many = tableOf(Array.from({ length: count }, (_, i) => ({ name: `t${i}`, path: `/y/${i}/` })))
      const round = (): number => {
        const before = performance.now()
        for (let i = 0; i < 20_000; i++) many.findTenant(undefined, `/y/${i % 10}/a/b/c`)
        return performance.now() - before
      }
      return Math.min(...Array.from({ length: 10 }, round))
    }
    // What depends on the caches of a busy machine is allowed for. Looking through all of them takes 10,000 times as long.
    expect(tookMs(100_000)).toBeLessThan(tookMs(10) * 10 + 5)
    const before = performance.now()
    for (let i = 0; i < 100; i++) table.findTenant(undefined, '/'.repeat(10_000))
    expect(performance.now() - before).toBeLessThan(100)
  })
})

describe('a prefix without its last slash', () => {
  test('is redirected to the prefix, with its query', async () => {
    await using site = await startSite({
      server: { root_path: '/showcase/' },
      tenants: [{ name: 'boston', path: '/showcase/2025/boston/' }],
    })
    for (const path of ['/showcase', '/showcase/2025/boston']) {
      const reply = await ask(site, `${path}?day=2`)
      expect(reply.status).toBe(302)
      expect(reply.headers.location).toBe(`${path}/?day=2`)
    }
    expect(await site.line(() => true)).toMatchObject({ response_type: 'redirect', status: 302 })
    expect((await ask(site, '/showcase/2025')).status).toBe(404)
  })
})

describe('the health check', () => {
  test('is answered here with what is configured, also in maintenance mode', async () => {
    const health_check = { path: '/up', response: { status: 200, body: 'OK', headers: { 'X-Up': '1' } } }
    await using site = await startSite({ server: { health_check }, maintenance: { enabled: true } })
    const reply = await ask(site, '/up')
    expect(reply).toMatchObject({ status: 200, body: 'OK', headers: { 'x-up': '1', 'content-type': 'text/plain' } })
    expect(await ask(site, '/up', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test('is answered with the status, type and body of the file, and a body only where there may be one', async () => {
    const health_check = { path: '/up', response: { status: 204, body: 'never', headers: { 'content-type': 'application/json' } } }
    await using site = await startSite({ server: { health_check }, tenants: [{ name: 'all', path: '/' }] })
    expect(await ask(site, '/up')).toMatchObject({ status: 204, body: '', headers: { 'content-type': 'application/json' } })
    expect(await ask(site, '/up?x=1', { method: 'POST', body: 'x' })).toMatchObject({ status: 204 })
    expect(await site.line(() => true)).toMatchObject({ status: 204, response_type: 'health-check' })
    expect(site.messages.some(({ type }) => type === 'tenant.requested')).toBe(false)
  })

  test('goes to its tenant past maintenance and bot detection', async () => {
    await using app = await startApp((request, response) => void response.end(`tenant at ${request.url}`))
    await using site = await startSite({
      server: { health_check: { path: '/boston/up' }, bot_detection: { enabled: true, action: 'reject' } },
      maintenance: { enabled: true },
      tenants: [{ name: 'boston', port: app.port }],
    })
    expect((await ask(site, '/boston/up', { headers: { 'user-agent': 'kube-probe/1.30 bot' } })).body).toBe('tenant at /boston/up')
    expect((await ask(site, '/boston/upper')).status).toBe(503)
  })

  test('goes to its tenant when no response is configured', async () => {
    await using site = await startSite({
      server: { health_check: { path: '/boston/up' } },
      tenants: [{ name: 'boston' }],
      queue: { timeout: 1 },
    })
    const reply = ask(site, '/boston/up')
    expect((await site.message('tenant.requested')).tenant).toBe('boston')
    expect((await reply).status).toBe(503)
  })
})

test('in maintenance mode tenants are left asleep', async () => {
  await using site = await startSite({ maintenance: { enabled: true }, tenants: [{ name: 'boston' }] })
  expect(await ask(site, '/boston/', { headers: { accept: 'text/html' } })).toMatchObject({ status: 503 })
  expect(site.messages.some(({ type }) => type === 'tenant.requested')).toBe(false)
})
