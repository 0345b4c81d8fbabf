import { describe, expect, test } from 'vitest'
import { diffConfig } from '../../src/config/diff.ts'
import { readConfig } from '../../src/config/load.ts'

const read = (text: string) => readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv/site' }).config
const site = (tenants: string, rest = '') => read(`${rest}\napplications: { tenants: [${tenants}] }`)
const names = (pairs: readonly { readonly after: { readonly name: string } }[]) => pairs.map(({ after }) => after.name)

describe('a reload', () => {
  test('of the same file, moved about, changes nothing', () => {
    const before = site('{ name: a, path: /a }, { name: b, path: /b }', 'server: { listen: 3000 }')
    const after = site('{ path: /b, name: b }, { name: a, path: /a }', '# a remark\n\nserver: { listen: ":3000" }')
    expect(diffConfig(before, after).unchanged).toBe(true)
  })

  test('replaces tenants whose process would be another', () => {
    const before = site('{ name: a, path: /a }, { name: b, path: /b, env: { X: 1 } }, { name: c, path: /c }')
    const after = site('{ name: a, path: /a, root: x }, { name: b, path: /b, env: { X: 2 } }, { name: c, path: /c, args: [y] }')
    const { tenants } = diffConfig(before, after)
    expect(names(tenants.changed)).toEqual(['a', 'b', 'c'])
    expect(tenants.retuned).toEqual([])
  })

  test('leaves the process of a tenant whose times or route changed', () => {
    const before = site('{ name: a, path: /a }, { name: b, path: /b }')
    const after = site('{ name: a, path: /aa, host: a.example }, { name: b, path: /b, idle_timeout: 1m, track_websockets: no }')
    const { tenants } = diffConfig(before, after)
    expect(names(tenants.retuned)).toEqual(['a', 'b'])
    expect(tenants.changed).toEqual([])
  })

  test('names what is new and what is gone', () => {
    const { tenants, unchanged } = diffConfig(site('{ name: a, path: /a }'), site('{ name: b, path: /b }'))
    expect(tenants.added.map(({ name }) => name)).toEqual(['b'])
    expect(tenants.removed.map(({ name }) => name)).toEqual(['a'])
    expect(unchanged).toBe(false)
  })

  test('tells managed processes apart in the same way', () => {
    const before = read('managed_processes: [{ name: a, command: x }, { name: b, command: x }, { name: c, command: x }]')
    const after = read('managed_processes: [{ name: a, command: y }, { name: b, command: x, stop_timeout: 1s }, { name: d, command: x }]')
    const { processes } = diffConfig(before, after)
    expect(names(processes.changed)).toEqual(['a'])
    expect(names(processes.retuned)).toEqual(['b'])
    expect(processes.added.map(({ name }) => name)).toEqual(['d'])
    expect(processes.removed.map(({ name }) => name)).toEqual(['c'])
  })

  test.each([
    ['listenChanged', 'server: { listen: 127.0.0.1:3000 }'],
    ['workersChanged', 'server: { workers: 63 }'],
    ['serverChanged', 'server: { trust_proxy: true }'],
    ['routesChanged', 'routes: { reverse_proxies: [{ prefix: /x, target: "http://localhost:1" }] }'],
    ['maintenanceChanged', 'maintenance: { enabled: true }'],
    ['poolsChanged', 'pools: { max_size: 3 }'],
    ['loggingChanged', 'logging: { format: json }'],
    ['othersChanged', 'cable: { enabled: false }'],
  ] as const)('says %s for %s and nothing else', (claim, text) => {
    const { tenants: _tenants, processes: _processes, ...sections } = diffConfig(read('server: {}'), read(text))
    expect(Object.entries(sections).flatMap(([key, value]) => (value ? [key] : []))).toEqual([claim])
  })
})
