import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FlySite, startFlySite } from './fly-site.ts'
import { type Answer, root, runNavigator } from './harness.ts'

let site: FlySite

beforeAll(async () => {
  site = await startFlySite('sticky-sessions-example.yml', { '1a1a1a1a': { region: 'iad' }, '2b2b2b2b': { region: 'fra' } })
}, 60_000)

afterAll(() => site[Symbol.asyncDispose]())

const cookieOf = ({ headers }: Answer) => String(headers['set-cookie'] ?? '')
const at = (machine: string) => ({ cookie: `_navigator_machine=${machine}` })

test('the sticky sessions example holds', async () => {
  expect(await runNavigator(['check', 'examples/sticky-sessions-example.yml'], { cwd: root })).toMatchObject({ code: 0, stderr: '' })
})

describe('the sticky sessions example', () => {
  test('gives a browser the machine that answered it first', async () => {
    const answer = await site.ask('/app/x')
    expect(JSON.parse(answer.body)).toMatchObject({ machine: '1a1a1a1a' })
    expect(cookieOf(answer)).toBe('_navigator_machine=1a1a1a1a; Path=/; Max-Age=7200; HttpOnly; Secure; SameSite=Lax')
  })

  test('brings a browser back to its machine', async () => {
    const answer = await site.ask('/app/x?q', { headers: at('2b2b2b2b') })
    expect(JSON.parse(answer.body)).toMatchObject({ machine: '2b2b2b2b', url: '/app/x?q' })
    expect(cookieOf(answer)).toBe('')
  })

  test('brings it back with a body that Fly cannot replay', async () => {
    const answer = await site.ask('/app/upload', { method: 'POST', headers: at('2b2b2b2b'), body: Buffer.alloc(2 * 1024 * 1024) })
    expect(JSON.parse(answer.body)).toMatchObject({ machine: '2b2b2b2b', bytes: 2 * 1024 * 1024 })
  })

  test('brings its WebSocket back', async () => {
    expect(await site.socket('/cable', 'hello', at('2b2b2b2b'))).toEqual({ machine: '2b2b2b2b', echo: 'hello' })
  })

  test('leaves other paths alone', async () => {
    const answer = await site.ask('/public', { headers: at('2b2b2b2b') })
    expect(JSON.parse(answer.body)).toMatchObject({ machine: '1a1a1a1a' })
    expect(cookieOf(answer)).toBe('')
  })

  test('shows the maintenance page when the machine has gone, and goes on here', async () => {
    const gone = await site.ask('/app/x', { headers: { ...at('ffffffff'), accept: 'text/html' } })
    expect(gone).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(cookieOf(gone)).toContain('_navigator_machine=1a1a1a1a;')
    expect(JSON.parse((await site.ask('/app/x', { headers: at('1a1a1a1a') })).body)).toMatchObject({ machine: '1a1a1a1a' })
  })

  test('shows the maintenance page for an upload to a machine that has gone', async () => {
    const gone = await site.ask('/app/x', { method: 'POST', headers: at('ffffffff'), body: Buffer.alloc(2 * 1024 * 1024) })
    expect(gone.status).toBe(503)
  })
})
