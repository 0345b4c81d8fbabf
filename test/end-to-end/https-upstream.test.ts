import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNavigator } from './harness.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const directory = mkdtempSync(join(tmpdir(), 'navigator-https-'))
const certificate = join(directory, 'certificate.pem')
const key = join(directory, 'key.pem')
const REQUEST = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'.split(' ')

describe.skipIf(!hasOpenssl)('a reverse proxy to https', () => {
  const server = createServer()
  let target = ''

  beforeAll(async () => {
    execFileSync('openssl', [...REQUEST, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    server.setSecureContext({ key: readFileSync(key), cert: readFileSync(certificate) })
    server.on('request', ({ headers, url, socket }, response) =>
      response.end(JSON.stringify({ host: headers.host, url, name: (socket as TLSSocket).servername })),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    target = `https://localhost:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const config = () => ({
    server: { workers: 1 },
    routes: { reverse_proxies: [{ prefix: '/s/', target: `${target}/base`, strip_path: true }] },
  })

  test('asks for the name it goes to, in the handshake and in Host', async () => {
    await using site = await startNavigator({ config: config(), env: { NODE_EXTRA_CA_CERTS: certificate } })
    const answer = await site.get('/s/x?q=1')
    expect(JSON.parse(answer.body)).toEqual({ host: new URL(target).host, url: '/base/x?q=1', name: 'localhost' })
  })

  test('sends nothing to a server whose certificate nobody vouches for', async () => {
    await using site = await startNavigator({ config: config() })
    expect((await site.get('/s/x')).status).toBe(502)
  })
})
