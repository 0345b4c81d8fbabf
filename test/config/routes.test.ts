import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/config/load.ts'

const load = (text: string, env: NodeJS.ProcessEnv = {}) => readConfig(text, { file: 'test.yml', env, cwd: '/srv' })

const errorsOf = (text: string): readonly string[] => {
  try {
    load(text)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.errors.map(({ message }) => message)
    throw error
  }
}

describe('a replacement', () => {
  test('that names no group of its pattern is taken as Go takes it, with a warning', () => {
    const { config, warnings } = load('routes: { redirects: [{ from: "^/a/(.*)$", to: "/b/$1abc" }] }')
    expect(config.routes.redirects?.[0]?.to).toBe('/b/')
    expect(warnings).toMatchObject([{ message: expect.stringContaining('group "1abc"'), hint: 'write ${1}abc' }])
  })

  test.each([
    ['$1-x', '${1}-x'],
    ['${1}x', '${1}x'],
    ['$name/$$', '${name}/$$'],
    ['a$', 'a$$'],
    ['${', '$${'],
  ])('%s is kept as %s', (to, wanted) => {
    expect(load(`routes: { rewrites: [{ from: "^/(?P<name>.*)$", to: "/${to}" }] }`).config.routes.rewrites?.[0]?.to).toBe(`/${wanted}`)
  })
})

describe('routes are refused', () => {
  test.each([
    ['that redirect for ever', 'redirects: [{ from: ^/, to: /showcase/ }]', 'redirected again'],
    ['that leave the scheme to the browser', 'redirects: [{ from: ^/a, to: //b.example/ }]', 'which scheme'],
    ['that redirect to a script', 'redirects: [{ from: ^/a, to: "javascript:alert(1)" }]', 'no place to redirect to'],
    ['that redirect with 200', 'redirects: [{ from: ^/a, to: /b, status: 200 }]', 'is no status of a redirect'],
    ['that rewrite to a URL', 'rewrites: [{ from: ^/a, to: "https://b.example/" }]', 'no path can become'],
    ['that rewrite to nothing', 'rewrites: [{ from: ^/a }]', 'says nothing'],
    ['that replay to nowhere', 'fly: { replay: [{ path: ^/a }] }', 'has no target'],
    ['that replay to nobody', 'rewrites: [{ from: ^/a, fly_replay: iad }]', 'names no place'],
    ['that name a machine twice', 'fly: { replay: [{ path: ^/a, machine: a1, instance: b2 }] }', 'both machine and instance'],
    [
      'that have Fly remember a state',
      'fly: { replay: [{ path: ^/a, region: iad, state: x, cache: { prefix: /a/*, ttl: 1m } }] }',
      'both cache and state',
    ],
    ['that name no cookie', 'fly: { sticky_sessions: { cookie_name: "a;b" } }', 'not a name for a cookie'],
    ['that break out of a cookie', 'fly: { sticky_sessions: { cookie_path: "/;x" } }', 'not a path for a cookie'],
    [
      'that have a target too many',
      'reverse_proxies: [{ prefix: /a, target: "http://a", targets: ["http://b"] }]',
      'both target and targets',
    ],
  ])('%s', (_, routes, message) => {
    expect(errorsOf(`routes: { ${routes} }`)).toEqual([expect.stringContaining(message)])
  })
})

test('a cookie’s SameSite is read in any case', () => {
  expect(load('sticky_sessions: { enabled: true, cookie_samesite: STRICT }').config.routes.fly?.sticky_sessions?.cookie_samesite).toBe(
    'Strict',
  )
})

test('this machine is known by what Fly calls it', () => {
  const env = { FLY_APP_NAME: 'site', FLY_REGION: 'fra', FLY_MACHINE_ID: 'a1b2c3', FLY_IMAGE_REF: 'registry/site:1' }
  expect(load('routes: { fly: {} }', env).config.routes.fly?.here).toEqual({
    app: 'site',
    region: 'fra',
    machine: 'a1b2c3',
    secret: 'site registry/site:1',
  })
})

test.each([
  ['true', true],
  ['10.0.0.0/8', ['10.0.0.0/8']],
  ['[10.0.0.1, "fdaa::/16"]', ['10.0.0.1', 'fdaa::/16']],
])('trust_proxy may be %s', (text, wanted) => {
  expect(load(`server: { trust_proxy: ${text} }`).config.server.trust_proxy).toEqual(wanted)
})

test.each(['maybe', '10.0.0.0/33', '[10.0.0]'])('trust_proxy may not be %s', (text) => {
  expect(errorsOf(`server: { trust_proxy: ${text} }`)).toHaveLength(1)
})

test.each([
  ['off', false],
  ['true', true],
  ['10.0.0.0/8', ['10.0.0.0/8']],
  ['[10.0.0.1, "fdaa::/16"]', ['10.0.0.1', 'fdaa::/16']],
])('proxy_protocol may be %s', (text, wanted) => {
  expect(load(`server: { proxy_protocol: ${text} }`).config.server.proxy_protocol).toEqual(wanted)
})

test.each(['v2', '10.0.0.0/33'])('proxy_protocol may not be %s', (text) => {
  expect(errorsOf(`server: { proxy_protocol: ${text} }`)).toHaveLength(1)
})
