import { describe, expect, test } from 'vitest'
import { isLoopback } from '../../../workers/access/nearness.ts'
import { ask, startSite } from '../harness.ts'
import { post } from './client.ts'

describe('a broadcast', () => {
  test.each([
    ['not JSON', 'x', 400, 'Invalid JSON\n'],
    ['no mapping', '["a"]', 400, 'Invalid JSON\n'],
    ['a stream that is none', '{"stream":1}', 400, 'Invalid JSON\n'],
    ['no stream', '{"data":1}', 400, 'Stream required\n'],
    ['nothing', 'null', 400, 'Stream required\n'],
    ['too much', `{"stream":"a","data":"${'x'.repeat(17_000_000)}"}`, 413, 'Message too long\n'],
  ])('of %s is refused', async (_, body, status, text) => {
    await using site = await startSite({ cable: {} })
    expect(await post(site, body)).toMatchObject({ status, body: text })
  })

  test('is logged without what is in it', async () => {
    await using site = await startSite({ cable: {} })
    await post(site, { stream: 'private', data: 'secret' })
    const line = await site.line(() => true)
    expect(line).toMatchObject({ uri: '/_broadcast', status: 200, response_type: 'broadcast' })
    expect(JSON.stringify(site.messages)).not.toMatch(/private|secret/)
  })

  test('is only posted', async () => {
    await using site = await startSite({ cable: {} })
    expect(await ask(site, '/_broadcast')).toMatchObject({ status: 405, body: 'Method not allowed\n', headers: { allow: 'POST' } })
  })

  test.each([
    ['X-Forwarded-For', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1'],
    ['Via', '1.1 proxy'],
    ['Origin', 'https://evil.example'],
  ])('that was passed on, as %s says, is refused', async (name, value) => {
    await using site = await startSite({ cable: {}, server: { trust_proxy: true } })
    expect(await post(site, { stream: 'a' }, { [name]: value })).toMatchObject({ status: 403, body: 'Forbidden\n' })
  })

  test.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['10.0.0.1', false],
    ['fdaa::1', false],
    ['', false],
    ['128.127.0.1', false],
  ])('from %s is from this machine: %s', (peer, isHere) => {
    expect(isLoopback(peer)).toBe(isHere)
  })

  test('needs the token that the file asks for', async () => {
    await using site = await startSite({ cable: { broadcast_token: 'open sesame' } })
    const withToken = (token: string) => post(site, { stream: 'a' }, { authorization: `Bearer ${token}` })
    expect((await post(site, { stream: 'a' })).status).toBe(403)
    expect((await withToken('open')).status).toBe(403)
    expect((await withToken('open sesame')).status).toBe(200)
  })

  test('finds no cable where there is none', async () => {
    await using site = await startSite()
    expect((await post(site, { stream: 'a' })).status).toBe(404)
  })
})
