import { describe, expect, test } from 'vitest'
import { listenTo } from '../workers/cable/client.ts'
import { startNavigator } from './harness.ts'
import { tenant } from './site.ts'

const config = { server: { workers: 2 }, applications: { tenants: [tenant('app')] } }
const SOCKETS = 12

describe('a navigator of several workers', () => {
  test('sends what is posted to one of them to the sockets of all, before and after a reload, and says goodbye', async () => {
    await using site = await startNavigator({ config })
    const clients = await Promise.all(Array.from({ length: SOCKETS }, () => listenTo(site)))
    const post = (data: string) => site.get('/_broadcast', { method: 'POST', body: JSON.stringify({ stream: 'scores', data }) })
    const received = () => Promise.all(clients.map(async ({ next }) => JSON.parse(await next()).data))
    await Promise.all(clients.map(({ subscribe }) => subscribe('scores')))

    expect((await post('one')).status).toBe(200)
    expect(await received()).toEqual(clients.map(() => 'one'))
    expect((await site.reload({ ...config, cable: { path: '/elsewhere' } })).code).toBe(0)
    expect((await post('two')).status).toBe(200)
    expect(await received()).toEqual(clients.map(() => 'two'))

    const closed = Promise.all(clients.map((client) => client.closed))
    expect(await site.stop()).toBe(0)
    expect(await closed).toEqual(clients.map(() => 1001))
    expect(site.log().join('\n')).not.toMatch(/scores|"two"/)
  })
})
