import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config/load.ts'

const outcomeOf = (processes: string): string => {
  try {
    const text = `managed_processes:\n${processes}`
    return readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/' })
      .config.managed_processes.map(({ name }) => name)
      .join(' ')
  } catch (error) {
    if (error instanceof ConfigError) return String(error)
    throw error
  }
}

describe('depends_on', () => {
  test('puts those that others need before them, and leaves the order of the file otherwise', () => {
    expect(
      outcomeOf(`
  - { name: first, command: x }
  - { name: web, command: x, depends_on: [queue, redis] }
  - { name: queue, command: x, depends_on: [redis] }
  - { name: redis, command: x }
`),
    ).toBe('first redis queue web')
  })

  test('may name nobody unknown', () => {
    expect(outcomeOf('  - { name: web, command: x, depends_on: [redis] }')).toMatch(/yml:2:\d+ .*no managed process is called "redis"/)
  })

  test('may lead in no circle', () => {
    const circle = `
  - { name: a, command: x, depends_on: [b] }
  - { name: b, command: x, depends_on: [a] }
`
    expect(outcomeOf(circle)).toContain('they wait for each other: a → b → a')
  })
})
