import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startFlyApi } from './fly-api.ts'
import { type Running, startNavigator } from './harness.ts'
import { portRange, tenant } from './site.ts'

const shell = (script: string, more: Readonly<Record<string, unknown>> = {}) => ({ command: '/bin/sh', args: ['-c', script], ...more })
const machine = { FLY_APP_NAME: 'app', FLY_MACHINE_ID: '1' }

type Idle = Readonly<Record<string, unknown>>
type Hooks = Readonly<Record<string, readonly object[]>>

const site = (directory: string, idle: Idle, hooks: Hooks = {}, env: NodeJS.ProcessEnv = machine): Promise<Running> =>
  startNavigator({
    directory,
    env,
    config: {
      server: { idle: { action: 'suspend', timeout: '500ms', api_socket: join(directory, 'api'), ...idle } },
      applications: { pools: portRange(), tenants: [tenant('ash')] },
      hooks: { server: hooks },
    },
  })

const inDirectory = async (run: (directory: string) => Promise<void>): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'navigator-host-'))
  try {
    await run(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** One letter, as the kernel has it: T for stopped. */
const stateOf = async (pid: number): Promise<string | undefined> => /\) (\w) /.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))?.[1]

describe('the machine', () => {
  test('is not put to sleep when a request comes during the idle hooks, which are given up', () =>
    inDirectory(async (directory) => {
      await using api = await startFlyApi(join(directory, 'api'))
      await using running = await site(directory, {}, { idle: [shell('echo saving; sleep 600')] })
      await running.logged('"message":"saving"')
      expect((await running.get('/ash/pid')).status).toBe(200)
      await running.logged('hook called off')
      expect(api.calls).toEqual([])
    }))

  test('is asked again after another quiet spell when the API has refused', () =>
    inDirectory(async (directory) => {
      await using api = await startFlyApi(join(directory, 'api'))
      api.status = 409
      await using running = await site(directory, {})
      expect(await running.logged('machine could not be put to sleep')).toMatch(/NAV_HOST_FAILED.*409.*ok.*false/)
      expect((await running.get('/ash/pid')).status).toBe(200)
      api.status = 200
      await running.logged('machine sleep granted')
    }))

  test('keeps a request that comes after the sleep was granted until the resume hooks have run', () =>
    inDirectory(async (directory) => {
      await using api = await startFlyApi(join(directory, 'api'))
      await using running = await site(directory, {}, { resume: [shell('while [ ! -e go ]; do sleep 0.02; done')] })
      await api.answered(1)
      await running.logged('machine sleep granted')
      const order: string[] = []
      const asking = running.get('/ash/pid').then(({ status }) => order.push(String(status)))
      await running.logged('"hook":"server.resume"')
      order.push('resuming')
      await writeFile(join(directory, 'go'), '')
      await asking
      expect(order).toEqual(['resuming', '200'])
    }))

  test('takes up the configuration that a resume hook names before requests go on', () =>
    inDirectory(async (directory) => {
      await using api = await startFlyApi(join(directory, 'api'))
      const append = `printf 'maintenance: { enabled: true }\\n' >> navigator.yml`
      await using running = await site(directory, {}, { resume: [shell(append, { reload_config: 'navigator.yml' })] })
      await api.answered(1)
      await running.logged('machine sleep granted')
      expect((await running.get('/ash/pid')).status).toBe(503)
    }))

  test('is kept awake by an open WebSocket only where that is asked for', () =>
    inDirectory(async (directory) => {
      await using api = await startFlyApi(join(directory, 'api'))
      await using running = await site(directory, { websockets: 'hold' })
      const socket = new WebSocket(`${running.url.replace('http', 'ws')}/ash/`)
      await new Promise((resolve) => socket.once('message', resolve))
      expect((await running.ps()).rows.find(({ name }) => name === 'ash')?.sockets).toBe(1)
      // Longer than the quiet spell and two looks: there is no event for what does not happen.
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      expect(api.calls).toEqual([])
      await writeFile(
        running.configFile,
        JSON.stringify({
          ...{ logging: { format: 'json' } },
          server: { listen: '127.0.0.1:0', idle: { action: 'suspend', timeout: '500ms', api_socket: join(directory, 'api') } },
          applications: { pools: portRange(), tenants: [tenant('ash')] },
        }),
      )
      await running.command('reload')
      await api.answered(1)
      socket.terminate()
    }))

  test('that is none of Fly.io is left in order with exit code 0', () =>
    inDirectory(async (directory) => {
      await using running = await site(directory, { action: 'stop' }, { stop: [shell('echo farewell')] }, {})
      expect(await running.exited).toBe(0)
      expect(running.log().some((line) => line.includes('farewell'))).toBe(true)
    }))

  test('that is none of Fly.io is stopped until it is told to go on, and answers then', () =>
    inDirectory(async (directory) => {
      await using running = await site(directory, {}, { resume: [shell('echo refreshed')] }, {})
      await running.logged('stopping until SIGCONT')
      await expect.poll(() => stateOf(running.pid)).toBe('T')
      const asking = running.get('/ash/pid')
      running.signal('SIGCONT')
      expect((await asking).status).toBe(200)
      await running.logged('refreshed')
    }))

  test('is put to sleep by a command where there is one', () =>
    inDirectory(async (directory) => {
      await using running = await site(directory, { command: 'echo good night' })
      expect(JSON.parse(await running.logged('"message":"good night"'))).toMatchObject({ source: 'hook:server.idle.command' })
      expect((await running.get('/ash/pid')).status).toBe(200)
    }))
})
