import { expect, test } from 'vitest'
import { startNavigator } from './harness.ts'
import { tenant } from './site.ts'

test('a tenant is ready by what its health check says', async () => {
  const tenants = [
    tenant('strict', 'echo', { health_check: { expected_status: 299, timeout: '1s', interval: '50ms' } }),
    tenant('unasked', 'unready', { health_check: { enabled: false }, env: { READY_AFTER: '1000' } }),
  ]
  await using site = await startNavigator({ config: { applications: { tenants } } })
  const [strict, unasked] = await Promise.all([site.get('/strict/'), site.get('/unasked/')])
  expect(strict).toMatchObject({ status: 503, body: expect.stringContaining('could not be started') })
  // What the app itself says.
  expect(unasked).toMatchObject({ status: 500 })
})
