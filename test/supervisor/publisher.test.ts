import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { SupervisorMessage } from '../../src/protocol/messages.ts'
import type { TenantStanding } from '../../src/protocol/routing-snapshot.ts'
import { createPublisher } from '../../src/supervisor/publisher.ts'
import { tenant } from './site.ts'

const { config: plain } = await loadConfig(`${import.meta.dirname}/apps/plain.yml`, {})
const config: Config = { ...plain, tenants: [tenant('acme')] }

const openPublisher = () => {
  const told: SupervisorMessage[] = []
  let standing: TenantStanding = { name: 'acme', state: 'stopped' }
  const publisher = createPublisher({
    config: () => config,
    standing: () => standing,
    standings: () => [standing],
    tell: (message) => told.push(message),
  })
  const move = (next: Omit<TenantStanding, 'name'>) => {
    standing = { name: 'acme', ...next }
    publisher.moved('acme')
  }
  return { publisher, told, move }
}
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('the publisher', () => {
  test('tells a move once for all of a turn', async () => {
    const { told, move } = openPublisher()
    move({ state: 'starting' })
    move({ state: 'ready', admission: { slot: 1, ticket: 2 } })
    await turn()
    expect(told).toEqual([{ type: 'tenant.moved', standing: { name: 'acme', state: 'ready', admission: { slot: 1, ticket: 2 } } }])
  })

  test('is silent when nothing moved', async () => {
    const { told, move } = openPublisher()
    move({ state: 'starting' })
    await turn()
    move({ state: 'starting' })
    await turn()
    expect(told).toHaveLength(1)
  })

  test('tells of another process behind the same state', async () => {
    const { told, move } = openPublisher()
    move({ state: 'ready', admission: { slot: 1, ticket: 2 } })
    await turn()
    move({ state: 'ready', admission: { slot: 3, ticket: 4 } })
    await turn()
    expect(told).toHaveLength(2)
  })

  test('sends whole sections, every tenant and a new version on a reload', () => {
    const { publisher, told } = openPublisher()
    publisher.publish()
    publisher.publish()
    expect(told.map((message) => message.type === 'routing.published' && message.snapshot.version)).toEqual([1, 2])
    expect(publisher.snapshot()).toMatchObject({
      server: config.server,
      queue: config.applications.queue,
      tenants: [{ name: 'acme', path: '/acme/', startup_timeout: 5_000, track_websockets: true }],
      standings: [{ name: 'acme', state: 'stopped' }],
    })
  })
})
