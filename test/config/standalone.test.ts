import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config/load.ts'
import { ask, startApp, startSite } from '../workers/harness.ts'

const read = (text: string) => readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv/site' })
const tenants = (keys: string) => `applications: { tenants: [{ path: /2025/ }, { path: /cable, ${keys} }] }`

describe('a tenant whose server runs already', () => {
  test('is asked at its path and pattern for the path that it is rewritten to, and is no process', async () => {
    await using app = await startApp((request, response) => response.end(request.url))
    const { config, warnings } = read(
      tenants(
        `name: live, standalone_server: "localhost:${app.port}", match_pattern: "*/cable", rewrite_path: /live, exclude_methods: [delete]`,
      ),
    )
    expect(warnings).toEqual([])
    expect(config.tenants.map(({ path }) => path)).toEqual(['/2025/'])
    const { reverse_proxies } = config.routes
    expect(reverse_proxies).toMatchObject([{ name: 'live', websocket: true }])
    await using site = await startSite({ reverse_proxies })
    for (const path of ['/cable', '/cable/below', '/2025/boston/cable']) expect((await ask(site, `${path}?x=1`)).body).toBe('/live?x=1')
    expect((await ask(site, '/cables')).status).toBe(404)
    expect((await ask(site, '/cable', { method: 'DELETE' })).status).toBe(404)
  })

  test('keeps the path where it is not rewritten', async () => {
    await using app = await startApp((request, response) => response.end(request.url))
    const { config } = read(tenants(`standalone_server: "127.0.0.1:${app.port}"`))
    await using site = await startSite({ reverse_proxies: config.routes.reverse_proxies })
    expect((await ask(site, '/cable/a%20b?x=1')).body).toBe('/cable/a%20b?x=1')
  })

  test('is named by host and port', () => {
    expect(() => read(tenants('standalone_server: http://localhost/x'))).toThrow(ConfigError)
  })

  test('is what rewrite_path is for', () => {
    expect(read(tenants('rewrite_path: /live')).warnings.map(({ message }) => message)).toEqual([
      'rewrite_path has no effect without standalone_server',
    ])
  })
})

test('a hostname alone is said to refuse nothing', () => {
  expect(read('server: { hostname: app.example }').warnings).toMatchObject([{ hint: 'write allowed_hosts: [app.example]' }])
  expect(read('server: { hostname: app.example, allowed_hosts: ["*.app.example"] }').warnings).toEqual([])
})
