import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { translatePublicPath } from '../../src/config/glob.ts'
import { ConfigError, loadConfig, readConfig } from '../../src/config/load.ts'

const read = (text: string) => readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv' })
const errorsOf = (text: string): readonly string[] => {
  try {
    read(text)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.errors.map(String)
    throw error
  }
}

describe('auth', () => {
  test('needs a password file where it is enabled', () => {
    expect(errorsOf('auth:\n  enabled: true\n')).toEqual([
      expect.stringContaining('navigator.yml:2:12 NAV_CONFIG_INVALID: auth.enabled without htpasswd'),
    ])
    const tenant = 'applications: { tenants: [{ name: a, command: x, auth_enabled: true }] }'
    expect(errorsOf(tenant)).toEqual([expect.stringContaining('tenant "a": auth_enabled without htpasswd')])
    expect(errorsOf(tenant.replace('true', 'true, htpasswd: a'))).toEqual([])
  })

  test('is off where nothing needs a password, or its realm is', () => {
    expect(read('auth: { enabled: true, public_paths: ["/"] }').config.auth.enabled).toBe(false)
    expect(read('auth: { enabled: true, realm: off, htpasswd: a }').config.auth.enabled).toBe(false)
    expect(read('auth: { enabled: true, htpasswd: a }').config.auth).toMatchObject({ enabled: true, htpasswd: '/srv/a' })
  })

  test('warns of a password file that nobody is asked by', () => {
    expect(read('auth: { htpasswd: a }').warnings).toMatchObject([{ message: expect.stringContaining('nobody is asked') }])
    expect(read('auth: { htpasswd: a, enabled: false }').warnings).toEqual([])
  })

  test('warns of a health check that load balancers would have no password for', () => {
    const auth = 'auth: { enabled: true, htpasswd: a, public_paths: [/live] }\n'
    expect(read(`${auth}server: { health_check: /up }`).warnings).toMatchObject([
      { message: expect.stringContaining('"/up" asks a tenant') },
    ])
    expect(read(`${auth}server: { health_check: /live }`).warnings).toEqual([])
    expect(read(`${auth}server: { health_check: { path: /up, response: { status: 200 } } }`).warnings).toEqual([])
  })

  test('refuses a realm of two lines, a pattern that is none, a glob without its end, a pattern without an action', () => {
    const text =
      'auth:\n  realm: "a\\r\\nSet-Cookie: b"\n  public_paths: ["/a*[b"]\n  auth_patterns:\n    - { pattern: "(", action: off }\n    - pattern: ^/a\n'
    expect(errorsOf(text)).toEqual([
      expect.stringMatching(/^navigator.yml:2:10 .*is not a realm/),
      expect.stringMatching(/^navigator.yml:3:18 .*is not a path that can be matched/),
      expect.stringMatching(/^navigator.yml:5:18 .*is a pattern that cannot be used/),
      expect.stringMatching(/^navigator.yml:6:7 .*needs action/),
    ])
  })

  test('names a password file that is not there, and each line of one that lets nobody in', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'navigator-auth-'))
    const text = 'auth: { enabled: true, htpasswd: none }\napplications: { tenants: [{ name: a, command: x, htpasswd: bad }] }\n'
    await writeFile(join(cwd, 'navigator.yml'), text)
    await writeFile(join(cwd, 'bad'), 'ann:secret\n\n  oops\n')
    const error = await loadConfig('navigator.yml', { cwd, env: {} }).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('navigator.yml:1:34 NAV_CONFIG_INVALID: cannot read password file none: there is no such file')
    expect(String(error)).toContain('bad:3:3 NAV_CONFIG_INVALID: is not name:hash')
    await rm(cwd, { recursive: true })
  })
})

describe('a public path', () => {
  test.each([
    ['*.css', ['/a.css', '/a/b.css'], ['/a.css/', '/acss']],
    ['*', ['/', '/a'], []],
    ['*/cable', ['/a/cable', '/cable'], ['/cable/']],
    ['/assets/', ['/assets/', '/assets/a/b'], ['/assets', '/x/assets/']],
    ['/up', ['/up'], ['/up/', '/upper', '/a/up']],
    ['/a.b', ['/a.b'], ['/axb']],
    ['/assets/*', ['/assets/a', '/assets/'], ['/assets/a/b', '/assets']],
    ['/a/*/c?', ['/a/b/cd'], ['/a/b/c', '/a/b/c/', '/a/b/x/cd']],
    ['/a/[a-c]*', ['/a/b', '/a/cx'], ['/a/d', '/a/']],
    ['/a/[^a-c]*', ['/a/d'], ['/a/b', '/a/']],
    ['/a/\\**', ['/a/*', '/a/*b'], ['/a/b']],
    ['/a/[\\]x]*', ['/a/]', '/a/x'], ['/a/\\']],
  ])('%s fits what it did in the program before this one', (path, fitting, others) => {
    const fits = new RegExp(translatePublicPath(path)!)
    expect(fitting.filter((candidate) => !fits.test(candidate))).toEqual([])
    expect(others.filter((candidate) => fits.test(candidate))).toEqual([])
  })

  test.each(['/a*[b', '/a*[]', '/a*\\'])('%s is refused', (path) => {
    expect(translatePublicPath(path)).toBe(undefined)
  })
})
