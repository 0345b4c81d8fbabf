/** Rules for paths leave plain requests in this lane. */
import { expect, test } from 'vitest'
import { routesOf } from '../rules/deciding.ts'
import { startScene, startUpstream, talk } from './scene.ts'

const env = { FLY_APP_NAME: 'site', FLY_REGION: 'iad', FLY_MACHINE_ID: 'a1b2c3d4', FLY_IMAGE_REF: 'registry/site:1' }
const redirects = Array.from({ length: 1_000 }, (_, i) => `  - { from: "^/old/${i}/", to: /new/${i}/ }`).join('\n')
const routes = routesOf(
  `redirects:\n${redirects}\nrewrites:\n  - { from: "^/a/", to: /b/ }\nfly:\n  replay: [{ path: ^/eu/, region: fra }]\n  sticky_sessions: { enabled: true }`,
  env,
)

test('what no rule fits, what is redirected, rewritten, replayed and given a cookie stays in the fast lane', async () => {
  const upstream = await startUpstream((socket, text) => {
    const body = text.split('\r\n', 1)[0]!
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  })
  const scene = await startScene(upstream.port, { routes })
  const ask = async (path: string): Promise<string> => {
    const client = await talk(scene.port)
    client.write(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
    await client.closed
    return client.read
  }
  try {
    expect(await ask('/x?q')).toMatch(/\r\nSet-Cookie: _navigator_machine=a1b2c3d4; (?:.|\s)*\r\n\r\nGET \/x\?q HTTP\/1.1$/)
    expect(await ask('/a/x?q')).toContain('GET /b/x?q HTTP/1.1')
    expect(await ask('/old/7/x')).toContain('Location: /new/7/x')
    expect(await ask('/eu/x')).toContain('Content-Type: application/vnd.fly.replay+json')
    expect(scene.handedOver).toBe(0)
    expect(scene.log().map(({ uri, rewritten_uri, response_type }) => [uri, rewritten_uri, response_type])).toEqual([
      ['/x?q', undefined, 'proxy'],
      ['/a/x?q', '/b/x?q', 'proxy'],
      ['/old/7/x', undefined, 'redirect'],
      ['/eu/x', undefined, 'fly-replay'],
    ])
  } finally {
    await scene.close()
    await upstream.close()
  }
})
