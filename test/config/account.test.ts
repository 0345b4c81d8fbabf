import { describe, expect, test } from 'vitest'
import type { Accounts } from '../../src/config/accounts.ts'
import { ConfigError, readConfig } from '../../src/config/load.ts'

const accounts: Accounts = {
  user: (name) =>
    ({ rails: { uid: 10, gid: 20, home: '/home/rails', groups: [27] }, pdf: { uid: 11, gid: 21, home: '/', groups: [] } })[name],
  group: (name) => ({ rails: 20, www: 33 })[name],
}

const read = (text: string, known?: Accounts) =>
  readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv/site', ...(known ? { accounts: known } : {}) })
const tenantsOf = (text: string) => read(text, accounts).config.tenants.map(({ account }) => account)

const refusalOf = (text: string): string => {
  try {
    read(text)
    return 'nothing'
  } catch (error) {
    if (error instanceof ConfigError) return String(error)
    throw error
  }
}

const RAILS = { user: 'rails', uid: 10, gid: 20, groups: [20, 27], home: '/home/rails' }

describe('user and group', () => {
  test('of all apps hold for each, but for those with their own', () => {
    expect(
      tenantsOf(`
applications:
  pools: { user: rails, group: www }
  tenants:
    - { path: /a/ }
    - { path: /b/, user: pdf }
    - { path: /c/, group: rails }
`),
    ).toEqual([{ ...RAILS, gid: 33, groups: [33, 27] }, { user: 'pdf', uid: 11, gid: 21, groups: [21], home: '/' }, RAILS])
  })

  test('default to those of navigator', () => {
    expect(tenantsOf('applications: { tenants: [{ path: /a/ }] }')).toEqual([undefined])
  })

  test('hold for a managed process', () => {
    const { config } = read('managed_processes: [{ name: redis, command: redis-server, user: rails }]', accounts)
    expect(config.managed_processes[0]!.account).toEqual(RAILS)
  })

  test.each([
    [
      'applications: { pools: { user: nobody-of-this-name }, tenants: [{ path: /a/ }] }',
      'navigator.yml:1:32 .*no user "nobody-of-this-name"',
    ],
    ['managed_processes: [{ name: a, command: b, group: no-such-group }]', 'navigator.yml:1:51 .*no group "no-such-group"'],
  ])('that the system does not know are refused: %s', (text, message) => {
    expect(refusalOf(text)).toMatch(new RegExp(message))
  })

  test('are looked up in the system', () => {
    const [root] = read('applications: { tenants: [{ path: /a/, user: root }] }').config.tenants
    expect(root!.account).toMatchObject({ user: 'root', uid: 0 })
  })
})
