import { expect, test } from 'vitest'
import { startNavigator } from './harness.ts'
import { tenant } from './site.ts'

test('a tenant is asked as its keys say', async () => {
  const keys = { match_pattern: '*/live', exclude_methods: ['delete'], headers: { 'X-Tenant': 'boston' } }
  const config = { server: { allowed_hosts: ['127.0.0.1'] }, applications: { tenants: [tenant('other'), tenant('app', 'echo', keys)] } }
  await using site = await startNavigator({ config })
  expect(JSON.parse((await site.get('/other/live')).body)).toMatchObject({ url: '/other/live', headers: { 'x-tenant': 'boston' } })
  expect((await site.get('/app/', { method: 'DELETE' })).status).toBe(405)
  expect((await site.get('/app/', { headers: { host: 'evil.example' } })).status).toBe(421)
})

test('a client gets no more than rate_limiting allows, before and after a reload', async () => {
  const config = { server: { workers: 2 }, rate_limiting: { requests: 2, per: '24d' }, applications: { tenants: [tenant('app')] } }
  await using site = await startNavigator({ config })
  const statuses = async () => [(await site.get('/app/')).status, (await site.get('/app/')).status, (await site.get('/app/')).status]
  expect(await statuses()).toEqual([200, 200, 429])
  await site.reload({ ...config, rate_limiting: { requests: 3, per: '24d' } })
  // Those refused count too.
  expect(await statuses()).toEqual([429, 429, 429])
  await site.reload({ ...config, rate_limiting: { enabled: false, requests: 3 } })
  expect(await statuses()).toEqual([200, 200, 200])
})
