import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, runNavigator, startNavigator, testEnvironment } from '../end-to-end/harness.ts'

/** One tenant that says its greeting, and a managed process. */
const config = (greeting = 'hello') => ({
  applications: {
    pools: { start_port: 20_000 + (process.pid % 200) * 100 },
    tenants: [{ name: 'app', path: '/', command: process.execPath, args: [join(root, 'test/apps/echo.ts')], env: { GREETING: greeting } }],
  },
})

describe('navigator', () => {
  test('serves what its configuration says, and leaves nothing when it is told to stop', async () => {
    await using site = await startNavigator({ config: config() })
    expect((await site.get('/')).status).toBe(200)
    expect(await site.stop()).toBe(0)
    expect(readdirSync(join(site.directory, 'run')).flatMap((name) => readdirSync(join(site.directory, 'run', name)))).toEqual([
      'processes',
    ])
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('ends in order at %s', async (signal) => {
    await using site = await startNavigator({ config: {} })
    site.signal(signal)
    expect(await site.exited).toBe(0)
    expect(await site.logged('"stopped"')).toBeTruthy()
  })

  test('opens no debugger at SIGUSR1', async () => {
    await using site = await startNavigator({ config: {} })
    site.signal('SIGUSR1')
    await site.ps()
    expect(await site.stop()).toBe(0)
    expect(site.log().filter((line) => line.includes('Debugger'))).toEqual([])
  })

  test('starts again where a killed one left its lock and its socket', async () => {
    await using killed = await startNavigator({ config: config() })
    await killed.get('/')
    killed.signal('SIGKILL')
    await killed.exited
    await using site = await startNavigator({ config: config(), directory: killed.directory })
    expect((await site.ps()).pid).toBe(site.pid)
    expect((await site.get('/')).status).toBe(200)
  })

  test('says who is awake', async () => {
    await using site = await startNavigator({ config: config() })
    expect((await site.ps()).rows[0]).toMatchObject({ name: 'app', state: 'stopped' })
    await site.get('/')
    const { pid, rows } = await site.ps()
    expect(pid).toBe(site.pid)
    expect(rows[0]).toMatchObject({ name: 'app', state: expect.stringMatching(/ready|idle/), requests: 1, pid: expect.any(Number) })
    expect((await site.command('ps')).stdout).toMatch(/^NAME .*\napp +tenant +(ready|idle) /)
  })

  test('stops at a command, which returns when all is over', async () => {
    await using site = await startNavigator({ config: config() })
    await site.get('/')
    expect(await site.command('-s', 'quit')).toMatchObject({ code: 0, stdout: 'stopped\n' })
    expect(existsSync(join(site.directory, 'navigator.pid'))).toBe(false)
    expect(await site.exited).toBe(0)
  })

  test('says what a reload changed', async () => {
    await using site = await startNavigator({ config: config() })
    expect(await site.reload()).toMatchObject({ code: 0, stdout: 'reloaded: nothing changed\n' })
    expect(await site.reload(config('good day'))).toMatchObject({ code: 0, stdout: 'reloaded: tenant app changed\n' })
  })

  test('refuses a reload of a wrong file with all its errors, and serves on', async () => {
    await using site = await startNavigator({ config: config() })
    const { code, stderr } = await site.reload('server: { lisen: 1 }\napplications: { pols: {} }\n')
    expect(code).toBe(1)
    expect(stderr).toMatch(/navigator\.yml:1:\d+ NAV_CONFIG_INVALID.*lisen[\s\S]*navigator\.yml:2:\d+ NAV_CONFIG_INVALID.*pols/)
    expect((await site.get('/')).status).toBe(200)
  })

  test('logs why it refuses a reload by SIGHUP, and serves on', async () => {
    await using site = await startNavigator({ config: config() })
    writeFileSync(site.configFile, 'server: { lisen: 1 }\n')
    site.signal('SIGHUP')
    expect(JSON.parse(await site.logged('reload refused'))).toMatchObject({
      level: 'ERROR',
      code: 'NAV_CONFIG_INVALID',
      at: 'navigator.yml:1:11',
    })
    expect((await site.get('/')).status).toBe(200)
  })

  test('is refused a second time on the same configuration', async () => {
    await using site = await startNavigator({ config: config() })
    const second = await runNavigator([site.configFile], { cwd: site.directory, env: testEnvironment(site.directory) })
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`NAV_ALREADY_RUNNING: navigator already runs on ${site.configFile} (pid ${site.pid})`),
    })
    expect((await site.ps()).pid).toBe(site.pid)
  })

  test('leaves with the line that asked for a port in use, and starts nothing', async () => {
    await using taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const start = startNavigator({
      config: `server:\n  listen: 127.0.0.1:${port}\nmanaged_processes: [{ name: a, command: sleep, args: ["60"] }]\n`,
    })
    const { message } = await start.then(
      () => new Error('it started'),
      (error: Error) => error,
    )
    expect(message).toContain('navigator ended with 1 ')
    expect(message).toMatch(new RegExp(`^navigator\\.yml:2:11 NAV_LISTEN_FAILED: .*${port}`, 'm'))
  })

  test('forces the end at a second interrupt, and still leaves no process', async () => {
    const stubborn = {
      name: 'stubborn',
      path: '/',
      command: process.execPath,
      args: [join(root, 'test/apps/ignores-sigterm.ts')],
      stop_timeout: '1h',
    }
    await using site = await startNavigator({ config: { applications: { ...config().applications, tenants: [stubborn] } } })
    await site.get('/')
    site.signal('SIGINT')
    await site.logged('stopping tenant')
    site.signal('SIGINT')
    expect(await site.exited).toBe(130)
  })

  test('says all of it who is awake, however many there are', async () => {
    const tenants = Array.from({ length: 1_000 }, (_, index) => ({ name: `t${index}`, path: `/t${index}/`, command: process.execPath }))
    await using site = await startNavigator({ config: { applications: { tenants } } })
    // A pipe of the shell, not the socket that Node gives a child; its reader takes its time.
    const script = '"$0" ps --config "$1" | (read first; sleep 0.2; cat)'
    const shell = { env: testEnvironment(site.directory), encoding: 'utf8' } as const
    const stdout = execFileSync('sh', ['-c', script, join(root, 'bin/navigator'), site.configFile], shell)
    expect(stdout.length).toBeGreaterThan(65_536)
    expect(stdout.match(/^t\d+ +tenant/gm)).toHaveLength(1_000)
  })

  test('tells an app where to ask when its configuration names the control socket', async () => {
    const app = { ...config().applications.tenants[0]!, env: { ASK: '${NAVIGATOR_CONTROL_SOCKET}' } }
    await using site = await startNavigator({ config: { applications: { ...config().applications, tenants: [app] } } })
    await site.get('/')
    const app0 = (await site.ps()).rows[0]!
    expect(readFileSync(`/proc/${app0.pid}/environ`, 'utf8')).toMatch(
      new RegExp(`ASK=${site.directory}/run/navigator-[0-9a-f]+/control\\.sock`),
    )
  })
})
