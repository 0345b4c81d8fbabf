import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startFlyApi } from './fly-api.ts'
import { root, runNavigator, startNavigator } from './harness.ts'
import { portRange } from './site.ts'

const files = ['examples/suspend-stop-example.yml', 'examples/suspend-stop/maintenance.yml']

/** As on a machine, but with a port, a range and a spell of its own, and the API elsewhere. */
const relocated = async (file: string, directory: string): Promise<string> =>
  (await readFile(join(root, file), 'utf8'))
    .replace('listen: ${PORT:-3000}', 'listen: "127.0.0.1:0"')
    .replace('timeout: 15m', `timeout: 1s\n    api_socket: ${directory}/api`)
    .replace('start_port: 4000', `start_port: ${portRange().start_port}`)
    .replace('reload_config: examples/suspend-stop-example.yml', `reload_config: ${directory}/real.yml`)
    .replaceAll(/(root|command): examples\//g, `$1: ${root}/examples/`)
    .concat('\nlogging:\n  format: json\n')

test.each(files)('%s has nothing wrong with it', async (file) => {
  expect(await runNavigator(['check', file], { cwd: root })).toMatchObject({ code: 0, stderr: '' })
})

// Hung once in six runs of the whole suite, never alone or under load by itself: the cause is not known yet.
test('a machine boots in maintenance, is prepared, serves, sleeps, and wakes for a request that gets its answer', {
  retry: 2,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'navigator-suspend-'))
  try {
    await using api = await startFlyApi(join(directory, 'api'))
    await using site = await startNavigator({
      files: { 'real.yml': await relocated(files[0]!, directory) },
      directory,
      config: await relocated(files[1]!, directory),
      env: { FLY_APP_NAME: 'showcase', FLY_MACHINE_ID: '683d314fdd4d68', DATA_DIR: join(directory, 'data') },
    })
    await site.logged('prepared')
    await site.logged('"msg":"reloaded"')
    expect((await site.get('/api/')).status).toBe(200)

    await api.answered(1)
    site.signal('SIGSTOP')
    expect(api.calls).toEqual([{ method: 'POST', url: '/v1/apps/showcase/machines/683d314fdd4d68/suspend', host: 'flaps' }])
    expect(site.log().some((line) => line.includes(`saved ${join(directory, 'data')}`))).toBe(true)

    const first = site.get('/api/')
    site.signal('SIGCONT')
    expect(await first).toMatchObject({ status: 200, body: expect.stringContaining('"app":"api"') })
    const lines = site.log()
    const at = (part: string) => lines.findIndex((line) => line.includes(part))
    expect(at('refreshed')).toBeGreaterThan(at('saved'))
    expect((await readFile(join(directory, 'data/refreshed'), 'utf8')).length).toBeGreaterThan(0)
    expect(await site.stop()).toBe(0)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
