import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createTargetHealth } from '../../workers/target-health.ts'
import { ask, findFreePort, reverseProxy, type Site, startApp, startSite } from './harness.ts'

const named = (name: string) => startApp((request, response) => void request.resume().once('end', () => response.end(name)))
const url = (port: number) => `http://127.0.0.1:${port}`
const answers = async (site: Site, count: number) => {
  const bodies: string[] = []
  for (let i = 0; i < count; i++) bodies.push((await ask(site, '/x')).body)
  return bodies
}

describe('a reverse proxy with several targets', () => {
  test('asks them in turn', async () => {
    await using one = await named('one')
    await using two = await named('two')
    const rule = reverseProxy({ prefix: '/', target: url(one.port), targets: [url(one.port), url(two.port)] })
    await using site = await startSite({ reverse_proxies: [rule] })
    expect(await answers(site, 4)).toEqual(['one', 'two', 'one', 'two'])
  })

  test('asks the next when one cannot be reached, whatever the method, and leaves that one out', async () => {
    const port = await findFreePort()
    await using two = await named('two')
    const rule = reverseProxy({ prefix: '/', target: url(port), targets: [url(port), url(two.port)] })
    await using site = await startSite({ reverse_proxies: [rule] })
    expect(await ask(site, '/x', { method: 'POST', body: 'b' })).toMatchObject({ status: 200, body: 'two' })
    expect(await answers(site, 3)).toEqual(['two', 'two', 'two'])
  })

  test('is a 502 when none can be reached', async () => {
    const [one, two] = [await findFreePort(), await findFreePort()]
    await using site = await startSite({
      reverse_proxies: [reverseProxy({ prefix: '/', target: url(one), targets: [url(one), url(two)] })],
    })
    expect((await ask(site, '/x')).status).toBe(502)
  })

  test('leaves one out whose health check fails, until it succeeds', async () => {
    let isWell = false
    await using ill = await startApp((request, response) => {
      response.statusCode = request.url === '/up' && !isWell ? 500 : 200
      response.end('ill')
    })
    await using well = await named('well')
    const rule = reverseProxy({
      prefix: '/',
      target: url(ill.port),
      targets: [url(ill.port), url(well.port)],
      health_check: { path: '/up', interval: 20, timeout: 1_000 },
    })
    const looked = once(ill.server, 'request')
    await using site = await startSite({ reverse_proxies: [rule] })
    await looked
    await expect.poll(() => answers(site, 2), { timeout: 5_000, interval: 20 }).toEqual(['well', 'well'])
    isWell = true
    await expect.poll(async () => new Set(await answers(site, 2)).size, { timeout: 5_000, interval: 20 }).toBe(2)
  })

  test('is not for the methods it excludes', async () => {
    await using app = await named('app')
    const rule = reverseProxy({ prefix: '/', target: url(app.port), exclude_methods: ['DELETE'] })
    await using site = await startSite({ reverse_proxies: [rule] })
    expect((await ask(site, '/x')).body).toBe('app')
    expect((await ask(site, '/x', { method: 'DELETE' })).status).toBe(404)
  })
})

test('a target that failed is tried again after a while', () => {
  let time = 0
  const health = createTargetHealth(2, { isProbed: false, now: () => time })
  health.failed(0)
  expect(health.order()).toEqual([1, 0])
  time = 10_000
  expect(health.order()).toEqual([0, 1])
  health.taken()
  expect(health.order()).toEqual([1, 0])
})

describe('a trusted range', () => {
  const forwarded = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.example' }

  test.each([
    [['127.0.0.0/8'], { 'x-forwarded-for': '203.0.113.7, 127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.example' }],
    [['10.0.0.0/8', '::1'], { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'site.example' }],
  ])('%j decides whether For, Proto and Host are believed, in both lanes', async (trust_proxy, wanted) => {
    await using app = await startApp(
      (request, response) => void request.resume().once('end', () => response.end(JSON.stringify(request.headers))),
    )
    await using site = await startSite({ server: { trust_proxy }, tenants: [{ name: 'app', path: '/', port: app.port }] })
    const headers = { host: 'site.example', ...forwarded }
    expect(JSON.parse((await ask(site, '/fast', { headers })).body)).toMatchObject(wanted)
    const chunked = { method: 'POST', headers: { ...headers, 'transfer-encoding': 'chunked' }, body: 'b' }
    expect(JSON.parse((await ask(site, '/full', chunked)).body)).toMatchObject(wanted)
    expect(await site.line(({ uri }) => uri === '/fast')).toMatchObject({
      client_ip: trust_proxy.length === 1 ? '203.0.113.7' : '127.0.0.1',
    })
  })
})
