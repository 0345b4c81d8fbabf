import { describe, expect, test } from 'vitest'
import { signMark } from '../../../workers/fly/replay-mark.ts'
import { type Asked, tableOf, verdictOn } from '../rules/deciding.ts'

const env = { FLY_APP_NAME: 'site', FLY_REGION: 'iad', FLY_MACHINE_ID: 'a1b2c3d4', FLY_IMAGE_REF: 'registry/site:1' }
const here = { app: 'site', region: 'iad', machine: 'a1b2c3d4', secret: 'site registry/site:1' }
const retried = { 'fly-replay-src': `instance=ff;region=ord;t=1;state=${signMark(here, 'route')}` }

const verdict = (rule: string, url: string, asked: Asked = {}) =>
  verdictOn(tableOf(`fly:\n  replay:\n    - ${rule}`, { env }), url, asked).verdict

const bodyOf = (rule: string, url: string, asked: Asked = {}) => {
  const made = verdict(rule, url, asked)
  return made.kind === 'respond' && made.responseType === 'fly-replay' ? JSON.parse(made.body) : made.kind
}

/** `503`, `307` or what else becomes of it. */
const outcomeOf = (rule: string, url: string, asked: Asked = {}) => {
  const made = verdict(rule, url, asked)
  return made.kind === 'respond' ? made.status : made.kind
}

const RETRY = { name: 'X-Navigator-Retry', value: 'true' }
const STATE = expect.stringMatching(/^route\.\w+\.[\w-]{22}$/)

describe('a replay', () => {
  test('says what Fly is to do in its media type', () => {
    expect(verdict('{ path: ^/eu/, region: fra }', '/eu/x')).toMatchObject({
      status: 307,
      headers: [['Content-Type', 'application/vnd.fly.replay+json']],
      responseType: 'fly-replay',
      destination: 'fra',
    })
  })

  test.each<[string, string, string, unknown]>([
    [
      'to a region falls back to here',
      '{ path: ^/eu/, region: fra }',
      '/eu/x',
      { fallback: 'force_self', region: 'fra', state: STATE, timeout: '30s', transform: { set_headers: [RETRY] } },
    ],
    ['to another app says no more', '{ path: "\\\\.pdf$", app: pdf }', '/x.pdf', { app: 'pdf' }],
    ['to a machine elsewhere too', '{ path: ^/m, app: pdf, machine: ff00 }', '/m', { app: 'pdf', instance: 'ff00' }],
    [
      'to a machine of this app falls back',
      '{ path: ^/m, instance: ff00 }',
      '/m',
      { app: 'site', fallback: 'force_self', instance: 'ff00', state: STATE, timeout: '30s', transform: { set_headers: [RETRY] } },
    ],
    [
      'that prefers takes any other',
      '{ path: ^/m, machine: ff00, mode: prefer }',
      '/m',
      { app: 'site', prefer_instance: 'ff00', state: STATE, transform: { set_headers: [RETRY] } },
    ],
    [
      'that prefers a region names any last',
      '{ pattern: ^/m, region: [fra, ams], mode: prefer }',
      '/m',
      { region: 'fra,ams,any', state: STATE, transform: { set_headers: [RETRY] } },
    ],
    [
      'has what Fly documents',
      '{ path: ^/m, app: b, region: fra, timeout: 800ms, fallback: prefer_self, state: s1, transform: { path: /n?q, delete_headers: [Cookie], set_headers: { X-A: b } } }',
      '/m',
      {
        app: 'b',
        fallback: 'prefer_self',
        region: 'fra',
        state: 's1',
        timeout: '800ms',
        transform: { delete_headers: ['Cookie'], path: '/n?q', set_headers: [RETRY, { name: 'X-A', value: 'b' }] },
      },
    ],
    [
      'that Fly remembers has nothing else',
      '{ path: ^/m, region: fra, cache: { prefix: /m/*, ttl: 1m, allow_bypass: true } }',
      '/m',
      { cache: { allow_bypass: true, prefix: '/m/*', ttl: 60 }, region: 'fra' },
    ],
    [
      'takes its target from the path',
      '{ pattern: "^/app/(.+?)/(.*)$", replacement: $2, app: $1 }',
      '/app/b/x?q',
      { app: 'b', transform: { path: '/x?q' } },
    ],
    ['is for anybody else', '{ path: ^/m, elsewhere: true }', '/m', { elsewhere: true, state: STATE, transform: { set_headers: [RETRY] } }],
  ])('%s', (_, rule, url, body) => {
    expect(bodyOf(rule, url)).toEqual(body)
  })

  test('has its keys in the order of the alphabet', () => {
    expect(Object.keys(bodyOf('{ path: ^/eu/, region: fra }', '/eu/'))).toEqual(['fallback', 'region', 'state', 'timeout', 'transform'])
  })

  test('keeps who the client said it was', () => {
    const asked = { headers: { authorization: 'Basic YTpi' } }
    const { transform } = bodyOf('{ path: ^/eu/, region: fra }', '/eu/', asked)
    expect(transform.set_headers).toEqual([RETRY, { name: 'Authorization', value: 'Basic YTpi' }])
    expect(bodyOf('{ path: ^/eu/, app: b }', '/eu/', asked)).toEqual({ app: 'b' })
  })

  test('of HEAD is a header, because there is no body', () => {
    expect(verdict('{ path: ^/eu/, region: [fra, ams] }', '/eu/', { method: 'HEAD' })).toMatchObject({
      headers: [['fly-replay', expect.stringMatching(/^fallback=force_self;region="fra,ams";state=route\.[\w.-]+;timeout=30s$/)]],
    })
  })

  test('has the status and the methods of its rule', () => {
    const rule = '{ path: ^/eu/, region: fra, status: 200, methods: [GET] }'
    expect(outcomeOf(rule, '/eu/')).toBe(200)
    expect(outcomeOf(rule, '/eu/', { method: 'POST' })).toBe('tenant')
  })

  test('is part of a rewrite', () => {
    const table = tableOf('rewrites:\n  - { pattern: ^/eu/, replacement: /, fly_replay: region=ams }', { env })
    const made = verdictOn(table, '/eu/x?q').verdict
    expect(made.kind === 'respond' && JSON.parse(made.body)).toMatchObject({ region: 'ams', transform: { path: '/x?q' } })
  })

  test.each([
    ['in its region', '{ path: ^/, region: iad }'],
    ['in the first of its regions', '{ path: ^/, region: [iad, fra] }'],
    ['on its machine', '{ path: ^/, machine: a1b2c3d4 }'],
    ['in its app', '{ path: ^/, app: site }'],
  ])('is not asked for %s', (_, rule) => {
    expect(outcomeOf(rule, '/x')).toBe('tenant')
  })

  test('on the machine of the path has the tenant see the rest of it', () => {
    const table = tableOf('fly:\n  replay:\n    - { pattern: "^/debug/(.+?)/(.*)$", replacement: $2, instance: $1 }', { env })
    expect(verdictOn(table, '/debug/a1b2c3d4/x?q')).toMatchObject({
      verdict: { kind: 'tenant' },
      uri: '/x?q',
      rewrittenFrom: '/debug/a1b2c3d4/x?q',
    })
  })

  test('takes no names from a path that are none', () => {
    expect(outcomeOf('{ pattern: "^/app/(.+)$", app: $1 }', '/app/b.evil.example')).toBe(404)
    expect(outcomeOf('{ pattern: "^/app/(.+)$", machine: $1 }', '/app/b@c')).toBe(404)
  })
})

describe('a request that came by a replay', () => {
  const rule = '{ path: ^/eu/, region: [fra, ord] }'

  test('and is still not where it should be gets the maintenance page', () => {
    expect(outcomeOf(rule, '/eu/', { headers: retried })).toBe(503)
  })

  test('is served in the second best region', () => {
    expect(outcomeOf('{ path: ^/eu/, region: [fra, iad] }', '/eu/', { headers: retried })).toBe('tenant')
  })

  test('and fell back gets the maintenance page', () => {
    const failed = { 'fly-replay-failed': 'instance=;app=site;region=fra;replay_source=a1b2c3d4;reason=timeout;elapsed_ms=30000' }
    expect(outcomeOf(rule, '/eu/', { headers: failed })).toBe(503)
    expect(outcomeOf('{ path: ^/eu/, app: pdf }', '/eu/', { headers: failed })).toBe(503)
  })

  test('and fell back with another path gets it too', () => {
    const headers = { 'fly-replay-failed': 'reason=timeout', 'x-navigator-retry': 'true' }
    expect(outcomeOf(rule, '/elsewhere', { headers })).toBe(503)
  })

  test('of the app itself, and fell back, is left to the app', () => {
    expect(outcomeOf(rule, '/elsewhere', { headers: { 'fly-replay-failed': 'reason=timeout' } })).toBe('tenant')
  })

  test('and missed the machine it preferred gets the maintenance page', () => {
    const headers = { 'fly-preferred-instance-unavailable': 'ff00' }
    expect(outcomeOf('{ path: ^/eu/, machine: ff00, mode: prefer }', '/eu/', { headers })).toBe(503)
  })

  test.each<[string, Record<string, string>]>([
    ['says so itself', { 'x-navigator-retry': 'true' }],
    ['sends the header of Fly', { 'x-navigator-retry': 'true', 'fly-replay-src': 'instance=ff;region=ord;t=1;state=route' }],
    ['signs with another secret', { 'fly-replay-src': `state=${signMark({ ...here, secret: 'x' }, 'route')}` }],
    ['shows an old mark', { 'fly-replay-src': `state=${signMark(here, 'route', Date.now() - 3_600_000)}` }],
  ])('is not one because a client %s', (_, headers) => {
    expect(outcomeOf(rule, '/eu/', { headers })).toBe(307)
  })
})

describe('what Fly cannot replay goes there by the private network', () => {
  const big = { 'content-length': String(1024 * 1024) }
  const nameOf = (rule: string, asked: Asked) => {
    const made = verdict(rule, '/eu/x?q', asked)
    return made.kind === 'upstream' ? `${made.target.hostname}:${made.target.port}${made.target.path}` : outcomeOf(rule, '/eu/x?q', asked)
  }

  test.each<[string, Asked]>([
    ['a big body', { method: 'POST', headers: big }],
    ['a body of unknown length', { method: 'PUT', headers: { 'transfer-encoding': 'chunked' } }],
    ['a WebSocket', { upgrade: 'websocket' }],
  ])('%s', (_, asked) => {
    expect(nameOf('{ path: ^/eu/, region: fra }', asked)).toBe('fra.site.internal:3000/eu/x?q')
  })

  test('but not a body that is just small enough', () => {
    expect(nameOf('{ path: ^/eu/, region: fra }', { method: 'POST', headers: { 'content-length': String(1024 * 1024 - 1) } })).toBe(307)
  })

  test.each([
    ['a machine', '{ path: ^/eu/, machine: ff00 }', 'ff00.vm.site.internal:3000/eu/x?q'],
    ['another app', '{ path: ^/eu/, app: pdf }', 'pdf.internal:3000/eu/x?q'],
    ['a region of another app', '{ path: ^/eu/, app: pdf, region: [eu, ams] }', 'ams.pdf.internal:3000/eu/x?q'],
    ['nowhere that has no name', '{ path: ^/eu/, region: us }', 502],
  ])('to %s', (_, rule, wanted) => {
    expect(nameOf(rule, { method: 'POST', headers: big })).toBe(wanted)
  })
})
