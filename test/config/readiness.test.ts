import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/load.ts'

const read = (text: string) => {
  const { config, warnings } = readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv/site' })
  expect(warnings).toEqual([])
  const { health_check, readiness, ready_timeout } = config.tenants[0]!
  return { health_check, readiness, ready_timeout }
}
const tenant = (keys: string) =>
  `applications: { health_check: { path: /up, interval: 1s, timeout: 20s }, tenants: [{ name: a, ${keys} }] }`

test('a health check is inherited key by key', () => {
  expect(read(tenant('health_check: { expected_status: 200, initial_delay: 2s, enabled: true }'))).toEqual({
    health_check: '/up',
    readiness: { expected_status: 200, initial_delay: 2_000, enabled: true, interval: 1_000 },
    ready_timeout: 20_000,
  })
  expect(read(tenant('health_check: { path: /own, interval: 5s, timeout: 40s }'))).toEqual({
    health_check: '/own',
    readiness: { interval: 5_000 },
    ready_timeout: 40_000,
  })
})

test('a ready_timeout comes before the timeout of a health check of its level', () => {
  expect(read(tenant('ready_timeout: 3s')).ready_timeout).toBe(3_000)
  expect(read('applications: { ready_timeout: 9s, health_check: { timeout: 20s }, tenants: [{ name: a }] }').ready_timeout).toBe(9_000)
  expect(read('applications: { tenants: [{ name: a }] }')).toEqual({ health_check: '/', readiness: undefined, ready_timeout: 60_000 })
})
