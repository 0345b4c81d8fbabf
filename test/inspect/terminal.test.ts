/** `navigator inspect` on a terminal, through tmux. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Running, root, startNavigator, testEnvironment } from '../end-to-end/harness.ts'
import { portRange, tenant } from '../end-to-end/site.ts'

const run = promisify(execFile)
const hasTmux = (() => {
  try {
    return execFileSync('tmux', ['-V']).length > 0
  } catch {
    return false
  }
})()

/** A terminal of its own that shows the live view. */
const openTerminal = async (site: Running) => {
  const server = join(site.directory, 'tmux.sock')
  const tmux = async (...args: readonly string[]) => (await run('tmux', ['-S', server, '-f', '/dev/null', ...args])).stdout
  const env = testEnvironment(site.directory)
  const words = ['NAVIGATOR_RUNTIME_DIR', 'NO_COLOR'].map((name) => `${name}=${env[name]}`)
  await tmux('new-session', '-d', '-x', '160', '-y', '50', 'env', ...words, join(root, 'bin/navigator'), 'inspect', '-c', site.configFile)
  return {
    press: (...keys: readonly string[]) => tmux('send-keys', ...keys),
    async shows(pattern: RegExp): Promise<void> {
      let screen = ''
      for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
        screen = await tmux('capture-pane', '-p').catch(() => '')
        if (pattern.test(screen)) return
      }
      throw new Error(`the screen never showed ${pattern}:\n${screen}`)
    },
    isOver: () =>
      tmux('list-sessions').then(
        () => false,
        () => true,
      ),
    [Symbol.asyncDispose]: async () => void (await tmux('kill-server').catch(() => {})),
  }
}

describe.skipIf(!hasTmux)('the live view', () => {
  test('starts, opens, filters and stops a tenant by keys, and ends by q', { timeout: 90_000 }, async () => {
    await using site = await startNavigator({
      config: { server: { workers: 1 }, applications: { pools: portRange(), tenants: [tenant('boston'), tenant('chicago')] } },
    })
    await using terminal = await openTerminal(site)
    await terminal.shows(/tenant {3}boston +stopped/)
    await terminal.press('u')
    await terminal.shows(/tenant {3}boston +running\.serving\.(ready|idle)/)
    await terminal.press('Enter')
    await terminal.shows(/● serving[\s\S]*● (ready|idle)[\s\S]*process\.started/)
    await terminal.press('Escape')
    await terminal.press('/', 'chic', 'Enter')
    await terminal.shows(/of "chic"\s[\s\S]*tenant {3}chicago/)
    await terminal.press('/', 'BSpace', 'BSpace', 'BSpace', 'BSpace', 'Enter')
    await terminal.shows(/tenant {3}boston/)
    await terminal.press('d')
    await terminal.shows(/tenant {3}boston +stopped/)
    await terminal.press('q')
    await expect.poll(() => terminal.isOver(), { timeout: 10_000 }).toBe(true)
  })
})
