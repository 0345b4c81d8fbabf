import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FlySite, startFlySite } from './fly-site.ts'
import { root, runNavigator } from './harness.ts'

const machines = {
  '1a1a1a1a': { region: 'iad' },
  '2b2b2b2b': { region: 'fra' },
  '3c3c3c3c': { region: 'ams', app: 'smooth-pdf' },
}
let site: FlySite

beforeAll(async () => {
  site = await startFlySite('routing-example.yml', machines)
}, 60_000)

afterAll(() => site[Symbol.asyncDispose]())

const whoAnswers = async (...asked: Parameters<FlySite['ask']>) => {
  const { status, body } = await site.ask(...asked)
  return status === 200 ? JSON.parse(body) : status
}

test('the routing example holds', async () => {
  expect(await runNavigator(['check', 'examples/routing-example.yml'], { cwd: root })).toMatchObject({ code: 0, stderr: '' })
})

describe('the routing example', () => {
  test('answers here what nobody else has to', async () => {
    expect(await whoAnswers('/showcase/x')).toMatchObject({ machine: '1a1a1a1a', url: '/showcase/x' })
  })

  test('has Frankfurt answer for what is there', async () => {
    expect(await whoAnswers('/showcase/2025/berlin/heats?day=2')).toMatchObject({
      machine: '2b2b2b2b',
      url: '/showcase/2025/berlin/heats?day=2',
    })
    expect(site.fly.replays.at(-1)).toMatchObject({ region: 'fra', timeout: '5s', fallback: 'force_self' })
  })

  test('has another app make PDFs', async () => {
    expect(await whoAnswers('/showcase/scores.pdf')).toMatchObject({ machine: '3c3c3c3c' })
    expect(site.fly.replays.at(-1)).toEqual({ app: 'smooth-pdf' })
  })

  test('asks a machine by its id', async () => {
    expect(await whoAnswers('/debug/2b2b2b2b/status?v')).toMatchObject({ machine: '2b2b2b2b', url: '/status?v' })
    expect(await whoAnswers('/debug/1a1a1a1a/status?v')).toMatchObject({ machine: '1a1a1a1a', url: '/status?v' })
  })

  test('shows the maintenance page when the forced machine is not there', async () => {
    const answer = await site.ask('/debug/ffffffff/status', { headers: { accept: 'text/html' } })
    expect(answer).toMatchObject({ status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } })
  })

  test('shows the maintenance page when the preferred region is not there', async () => {
    expect(await whoAnswers('/showcase/2025/sydney/', { headers: { accept: 'text/html' } })).toBe(503)
    expect(site.fly.replays.at(-1)).toMatchObject({ region: 'syd,any' })
  })

  test('is not fooled by a client who claims to have been replayed', async () => {
    const headers = { 'x-navigator-retry': 'true', 'fly-replay-src': 'instance=2b2b2b2b;region=fra;t=1;state=route.x.y' }
    expect(await whoAnswers('/showcase/2025/berlin/', { headers })).toMatchObject({ machine: '2b2b2b2b' })
  })

  test('sends a body that Fly cannot replay to Frankfurt itself', async () => {
    const before = site.fly.replays.length
    const body = Buffer.alloc(3 * 1024 * 1024, 'x')
    expect(await whoAnswers('/showcase/2025/munich/upload', { method: 'POST', body })).toMatchObject({
      machine: '2b2b2b2b',
      url: '/showcase/2025/munich/upload',
      bytes: body.length,
    })
    expect(site.fly.replays.length).toBe(before)
  })

  test('leads a WebSocket to Frankfurt', async () => {
    expect(await site.socket('/showcase/2025/berlin/live', 'hello')).toEqual({ machine: '2b2b2b2b', echo: 'hello' })
  })

  test('redirects and rewrites', async () => {
    expect((await site.ask('/?a=b')).headers['location']).toBe('/showcase/?a=b')
    expect(await site.ask('/docs/x')).toMatchObject({ status: 301, headers: { location: 'https://docs.example.com/x' } })
    expect(await whoAnswers('/assets/app.css?v')).toMatchObject({ url: '/showcase/assets/app.css?v' })
    const line = JSON.parse(await site.navigators[0]!.logged('"uri":"/assets/app.css?v"'))
    expect(line).toMatchObject({ rewritten_uri: '/showcase/assets/app.css?v', tenant: 'web' })
  })

  test('logs where it had Fly replay a request to', async () => {
    await site.ask('/showcase/2024/berlin/logged')
    const line = JSON.parse(await site.navigators[0]!.logged('"uri":"/showcase/2024/berlin/logged"'))
    expect(line).toMatchObject({ status: 307, response_type: 'fly-replay', destination: 'fra' })
  })
})
