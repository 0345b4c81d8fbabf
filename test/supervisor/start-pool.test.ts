import { describe, expect, test } from 'vitest'
import { createStartPool, type PoolRules } from '../../src/supervisor/start-pool.ts'

/** A pool among tenants that do as they are told: each claim is known by its letter. */
const openPool = (rules: Partial<PoolRules> = {}) => {
  const granted: string[] = []
  const evicted: string[] = []
  const idle: string[] = []
  const pool = createStartPool({
    startConcurrency: () => 2,
    maxAwake: () => Number.POSITIVE_INFINITY,
    countLeaving: () => evicted.length,
    evictIdle() {
      const name = idle.shift()
      if (name) evicted.push(name)
      return name !== undefined
    },
    ...rules,
  })
  const claim = (name: string) => pool.claim(() => granted.push(name))
  return { pool, granted, evicted, idle, claim }
}
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const plain = { isReplacement: false }

describe('the start pool', () => {
  test('lets so many starts go on at once, the others in the order they came', async () => {
    const { granted, claim } = openPool()
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(claim) as [ReturnType<typeof claim>, ...ReturnType<typeof claim>[]]
    for (const each of [a, b!, c!, d!]) each.ask(plain)
    await turn()
    expect(granted).toEqual(['a', 'b'])
    a.endStart()
    await turn()
    expect(granted).toEqual(['a', 'b', 'c'])
  })

  test('evicts one idle tenant for each that needs a place, and no more', async () => {
    const { granted, evicted, idle, claim } = openPool({ maxAwake: () => 2 })
    const [a, b, c] = [claim('a'), claim('b'), claim('c')]
    for (const each of [a, b]) each.ask(plain)
    await turn()
    for (const each of [a, b]) each.endStart()
    idle.push('a', 'b')
    c.ask(plain)
    await turn()
    expect([granted, evicted]).toEqual([['a', 'b'], ['a']])
    a.leave()
    await turn()
    expect(granted).toEqual(['a', 'b', 'c'])
  })

  test('lets who waits for a place in when a tenant comes to rest later', async () => {
    const { pool, evicted, idle, claim } = openPool({ maxAwake: () => 1 })
    claim('a').ask(plain)
    claim('b').ask(plain)
    await turn()
    expect(evicted).toEqual([])
    idle.push('a')
    pool.reconsider()
    await turn()
    expect(evicted).toEqual(['a'])
  })

  test('gives a replacement a start without a place', async () => {
    const { granted, evicted, claim } = openPool({ maxAwake: () => 1 })
    claim('old').ask(plain)
    await turn()
    claim('new').ask({ isReplacement: true })
    await turn()
    expect([granted, evicted]).toEqual([['old', 'new'], []])
  })

  test('forgets who went away while waiting', async () => {
    const { granted, claim } = openPool({ startConcurrency: () => 1 })
    const [a, b, c] = [claim('a'), claim('b'), claim('c')]
    for (const each of [a, b, c]) each.ask(plain)
    await turn()
    b.leave()
    a.leave()
    await turn()
    expect(granted).toEqual(['a', 'c'])
  })
})
