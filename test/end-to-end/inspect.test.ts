/** What `navigator inspect` shows of a cold start, a crash and orders. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import type { Transition } from '../../src/inspect/recorder.ts'
import { type Running, root, startNavigator, testEnvironment } from './harness.ts'
import { portRange, tenant } from './site.ts'

const config = { server: { workers: 1 }, applications: { pools: portRange(), tenants: [tenant('boston'), tenant('broken', 'crash-loop')] } }
const stateOf = async (site: Running, name: string): Promise<string> => {
  const { states } = JSON.parse((await site.command('inspect', '--json')).stdout)
  return states[`tenant/${name}`] ?? ''
}
const until = async (look: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 20_000; !(await look()); await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (Date.now() > end) throw new Error('it did not come to that')
  }
}

describe('navigator inspect', () => {
  test('streams each step of a cold start, and why a tenant crashed', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({ config })
    const follower = spawn(join(root, 'bin/navigator'), ['inspect', '-f', '--json', '-c', site.configFile], {
      env: testEnvironment(site.directory),
    })
    const steps: Transition[] = []
    createInterface({ input: follower.stdout }).on('line', (line) => steps.push(JSON.parse(line)))
    await site.get('/boston/')
    await site.get('/broken/', { headers: { accept: 'text/html' } }).catch(() => {})
    await until(async () => steps.some(({ name, state }) => name === 'broken' && state === 'crashed'))
    follower.kill()
    const paths = steps.filter(({ name }) => name === 'boston').map(({ to }) => to)
    expect(paths.slice(0, 3)).toEqual(['stopped', 'waiting', 'running.starting.launching'])
    expect(paths).toContain('running.serving.ready')
    expect(steps.find(({ name, state }) => name === 'broken' && state === 'crashed')?.why).toMatch(/exit code/)
  })

  test('shows all machines once, and tenants obey orders by name', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({ config })
    expect((await site.command('start', 'bos*')).stdout).toBe('start: boston\n')
    await until(async () => (await stateOf(site, 'boston')).startsWith('running.serving'))
    const { stdout } = await site.command('inspect', '--once')
    expect(stdout).toMatch(/^tenant {3}boston .*running\.serving/m)
    expect(stdout).toMatch(/^worker {3}0 /m)
    const { pid } = (await site.ps()).rows[0]!
    expect((await site.command('restart', 'boston')).code).toBe(0)
    await until(async () => ![undefined, pid].includes((await site.ps()).rows[0]!.pid))
    expect((await site.command('stop', 'boston')).code).toBe(0)
    await until(async () => (await stateOf(site, 'boston')) === 'stopped')
    expect(await site.command('stop', 'nobody')).toMatchObject({ code: 1 })
  })
})
