import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { loadConfigApart } from '../../src/config/load-apart.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'navigator-config-'))
})
afterAll(() => rm(cwd, { recursive: true }))

/** What either way of loading gives or throws. */
const outcomes = async (text: string, env: NodeJS.ProcessEnv = {}) => {
  await writeFile(join(cwd, 'navigator.yml'), text)
  return Promise.allSettled([loadConfigApart('navigator.yml', { cwd, env }), loadConfig('navigator.yml', { cwd, env })])
}

describe('a configuration that is loaded apart', () => {
  test('is the same, by the environment and the directory named', async () => {
    const [apart, here] = await outcomes('applications: { env: { A: "${A}" }, tenants: [{ name: a, root: apps/a }] }', { A: 'å' })
    expect(apart).toMatchObject({ status: 'fulfilled', value: { config: { tenants: [{ env: { A: 'å' }, root: join(cwd, 'apps/a') }] } } })
    expect(apart).toEqual(here)
  })

  test('is refused with every error, its place and its hint', async () => {
    const [apart, here] = await outcomes('server: { lisen: 1 }\nroutes: 7\nwhat: 1\n')
    if (apart.status === 'fulfilled' || here.status === 'fulfilled') throw new Error('it was taken')
    expect(apart.reason.constructor).toBe(here.reason.constructor)
    expect([String(apart.reason), apart.reason.message]).toEqual([String(here.reason), here.reason.message])
    expect(apart.reason.errors).toHaveLength(3)
  })

  test('that is not there is reported as such', async () => {
    await expect(loadConfigApart('gone.yml', { cwd })).rejects.toMatchObject({
      code: 'NAV_CONFIG_UNREADABLE',
      message: 'cannot read gone.yml: there is no such file',
      hint: expect.stringContaining('README'),
    })
  })

  test('holds up nothing meanwhile', async () => {
    const tenants = Array.from({ length: 2_000 }, (_, index) => `    - { name: t${index}, path: /t${index}/, command: x }`)
    await writeFile(join(cwd, 'long.yml'), `applications:\n  tenants:\n${tenants.join('\n')}\n`)
    const usage = process.threadCpuUsage()
    const { config } = await loadConfigApart('long.yml', { cwd })
    const { user, system } = process.threadCpuUsage(usage)
    expect(config.tenants).toHaveLength(2_000)
    expect((user + system) / 1000).toBeLessThan(100)
  })
})
