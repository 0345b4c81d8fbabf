import { expect, test } from 'vitest'
import { readUsage } from '../../src/process/usage.ts'
import { runApp } from './run-app.ts'

test('reads memory and processor time of those that run and leaves the others out', async () => {
  const gone = await runApp('exits-zero')
  await gone[Symbol.asyncDispose]()
  const usage = await readUsage([process.pid, gone.pid])
  expect([...usage.keys()]).toEqual([process.pid])
  expect(usage.get(process.pid)!.memoryBytes).toBeGreaterThan(1_000_000)
  expect(usage.get(process.pid)!.cpuPercent).toBeGreaterThanOrEqual(0)
})

test('is empty for none, and when none of them runs', async () => {
  expect(await readUsage([])).toEqual(new Map())
  const gone = await runApp('exits-zero')
  await gone[Symbol.asyncDispose]()
  expect(await readUsage([gone.pid])).toEqual(new Map())
})

test('leaves out one that has gone since it was read first', async () => {
  const app = await runApp('forks-grandchildren')
  expect((await readUsage([app.pid])).size).toBe(1)
  await app[Symbol.asyncDispose]()
  expect((await readUsage([app.pid])).size).toBe(0)
})
