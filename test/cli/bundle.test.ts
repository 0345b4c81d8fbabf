import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, startNavigator } from '../end-to-end/harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-package-'))
const home = join(directory, 'node_modules/navigator')
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** As npm would install it: what package.json lists, and the Node it depends on beside it. No sources, no other packages. */
beforeAll(() => {
  mkdirSync(home, { recursive: true })
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const file of [...files, 'package.json']) if (file !== 'dist') cpSync(join(root, file), join(home, file))
  execFileSync(join(root, 'bin/node'), [join(root, 'scripts/build.ts'), join(home, 'dist')], { stdio: 'inherit' })
  const node = dirname(dirname(process.execPath))
  symlinkSync(node, join(directory, 'node_modules', basename(node)))
  mkdirSync(join(directory, 'node_modules/.bin'))
  symlinkSync('../navigator/bin/navigator', join(directory, 'node_modules/.bin/navigator'))
})

test('the package serves from its bundle alone', async () => {
  const tenant = { name: 'app', path: '/', command: process.execPath, args: [join(root, 'test/apps/echo.ts')] }
  await using site = await startNavigator({
    program: join(directory, 'node_modules/.bin/navigator'),
    config: { applications: { pools: { start_port: 25_000 }, tenants: [tenant] } },
  })
  const { status, body } = await site.get('/hello', { method: 'POST', body: 'x' })
  expect([status, JSON.parse(body)]).toMatchObject([200, { method: 'POST', url: '/hello', body: 'x' }])
  expect(readFileSync(`/proc/${site.pid}/cmdline`, 'utf8')).toContain(join(home, 'dist/main.cjs'))
  expect((await site.ps()).rows[0]).toMatchObject({ name: 'app', requests: 1 })
})
