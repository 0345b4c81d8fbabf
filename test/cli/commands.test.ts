import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runNavigator, testEnvironment } from '../end-to-end/harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-commands-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const navigator = (...args: string[]) => runNavigator(args, { cwd: directory, env: testEnvironment(directory) })
const config = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return name
}

describe('navigator', () => {
  test('--help fits a screen of 24 lines and 80 columns', async () => {
    const { code, stdout } = await navigator('--help')
    const lines = stdout.trimEnd().split('\n')
    expect(code).toBe(0)
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  test('--version says its version', async () => {
    expect(await navigator('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Navigator \d+\.\d+\.\d+\n$/) })
  })

  test('leaves with 2 when it is not understood', async () => {
    expect(await navigator('--validat')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'NAV_USAGE: unknown option --validat\n  hint: did you mean --validate?\n',
    })
  })

  test.each(['ps', 'reload', 'stop'])('%s leaves with 75 when no instance runs', async (command) => {
    const { code, stderr } = await navigator(command, config('idle.yml', 'server: { listen: 0 }\n'))
    expect(code).toBe(75)
    expect(stderr).toBe('NAV_NOT_RUNNING: no instance of navigator runs on idle.yml\n  hint: start one with: navigator idle.yml\n')
  })

  test('says which file it cannot find', async () => {
    const { code, stderr } = await navigator('none.yml')
    expect(code).toBe(1)
    expect(stderr).toContain('NAV_CONFIG_UNREADABLE: cannot read none.yml')
  })
})

describe('navigator check', () => {
  test.each([['check'], ['--validate'], ['-t'], ['-t', '-c']])('%s accepts a file that is right', async (...words) => {
    const file = config('right.yml', 'server: { listen: 0 }\napplications: { tenants: [{ name: a, path: /a/, command: true }] }\n')
    expect(await navigator(...words, file)).toMatchObject({ code: 0, stdout: 'right.yml is valid: 1 tenant, 0 managed processes\n' })
  })

  const wrong = () => config('wrong.yml', 'server:\n  lisen: 3000\napplications:\n  pools: { timeout: 20 min }\n')

  test('shows every error at its place, and leaves with 1', async () => {
    const { code, stdout, stderr } = await navigator('check', wrong())
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^wrong\.yml:2:\d+ NAV_CONFIG_INVALID: .*lisen.*\n {2}hint: .*listen/m)
    expect(stderr).toMatch(/^wrong\.yml:4:\d+ NAV_CONFIG_INVALID: .*20 min/m)
  })

  test('gives the errors as data with --json', async () => {
    const { code, stdout } = await navigator('check', '--json', wrong())
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, errors: [{ code: 'NAV_CONFIG_INVALID', at: { line: 2 } }, { at: { line: 4 } }] })
  })

  test('starts nothing for a wrong file given to run', async () => {
    expect(await navigator('run', wrong())).toMatchObject({ code: 1, stdout: '' })
  })
})
