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
