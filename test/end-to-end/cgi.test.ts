import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startNavigator } from './harness.ts'

const up = (body: string) => ({ path: '/up', response: { body } })
const HEAD = 'printf "Content-Type: text/plain\\n\\n"'
const script = (body: string) => `#!/bin/sh\n${body}\n`

/** The next look at it finds the new configuration, or fails after a while. */
const until = async (look: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await look()) return
    await pause(20)
  }
  throw new Error('it never came')
}

const isAlive = async (pid: number) =>
  (await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ') Z')).split(') ')[1]?.startsWith('Z') !== true

test('a CGI script that has written the configuration anew has it taken up, and its stderr is logged', async () => {
  await using site = await startNavigator({
    config: {
      server: {
        health_check: up('before'),
        cgi_scripts: [{ path: '/update', script: 'update', method: 'POST', reload_config: 'navigator.yml' }],
      },
    },
    files: { update: script(`cat > navigator.yml; echo "written by hand" >&2; ${HEAD}; echo ok`) },
  })
  expect((await site.get('/up')).body).toBe('before')
  const unchanged = await readFile(site.configFile, 'utf8')
  const body = unchanged.replace('before', 'after')
  expect(await site.get('/update', { method: 'POST', body })).toMatchObject({ status: 200, body: 'ok\n' })
  await until(async () => (await site.get('/up')).body === 'after')
  expect(JSON.parse(await site.logged('written by hand'))).toMatchObject({ source: 'update', stream: 'stderr' })
  await site.logged('cgi script ended')
})

test('another file is taken up too, and stays the one in use; one that is refused does not', async () => {
  const cgi_scripts = (file: string) => [{ path: '/switch', script: 'switch', reload_config: file }]
  await using site = await startNavigator({
    config: { server: { health_check: up('one'), cgi_scripts: cgi_scripts('two.yml') } },
    files: { switch: script(HEAD) },
  })
  const two = (await readFile(site.configFile, 'utf8')).replace('one', 'two').replace('two.yml', 'broken.yml')
  await writeFile(join(site.directory, 'two.yml'), two)
  await writeFile(join(site.directory, 'broken.yml'), 'servre: {}\n')
  await site.get('/switch')
  await until(async () => (await site.get('/up')).body === 'two')
  await site.get('/switch')
  await site.logged('reload refused')
  await writeFile(join(site.directory, 'two.yml'), two.replace('two', 'two, later'))
  site.signal('SIGHUP')
  await until(async () => (await site.get('/up')).body === 'two, later')
})

test('no script outlives navigator, however it ends', async () => {
  const config = { server: { cgi_scripts: [{ path: '/slow', script: 'slow' }], timeouts: { drain: '100ms' } } }
  const files = { slow: script('trap "" TERM; echo "pid $$ runs" >&2; while :; do sleep 0.1; done') }
  const pidIn = (line: string) => Number(/pid (\d+) runs/.exec(line)?.[1])
  let killed = 0
  {
    await using site = await startNavigator({ config, files })
    site.get('/slow').catch(() => {})
    const pid = pidIn(await site.logged(/pid \d+ runs/))
    expect(await site.stop()).toBe(0)
    // It has been killed; the kernel may need a moment for it.
    await until(async () => !(await isAlive(pid)))
  }
  await using site = await startNavigator({ config, files })
  site.get('/slow').catch(() => {})
  killed = pidIn(await site.logged(/pid \d+ runs/))
  site.signal('SIGKILL')
  await site.exited
  await using next = await startNavigator({ config, directory: site.directory })
  await next.logged('ending a process that an earlier navigator left running')
  await until(async () => !(await isAlive(killed)))
})
