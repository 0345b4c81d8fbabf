import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findHaproxy } from '../../optional-parts.ts'
import { ask, findFreePort, startApp, startSite } from '../harness.ts'

const configuration = (port: number, sitePort: number, option: string): string => `
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen site
  bind 127.0.0.1:${port}
  server site 127.0.0.1:${sitePort} ${option}
`

const startHaproxy = async (sitePort: number, option: string) => {
  const directory = await mkdtemp(join(tmpdir(), 'navigator-haproxy-'))
  const port = await findFreePort()
  const file = join(directory, 'haproxy.cfg')
  await writeFile(file, configuration(port, sitePort, option))
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill()
      if (child.exitCode === null) await once(child, 'exit')
      await rm(directory, { recursive: true })
    },
  }
}

test.skipIf(findHaproxy() === undefined).each(['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'])(
  'what HAProxy says of its clients by %s is taken from it',
  async (option) => {
    await using app = await startApp((request, response) => response.end(request.headers['x-forwarded-for']))
    await using site = await startSite({ server: { proxy_protocol: ['127.0.0.1'] }, tenants: [{ name: 'app', port: app.port }] })
    await using haproxy = await startHaproxy(site.port, option)
    const answer = () => ask(haproxy, '/app/', { localAddress: '127.0.0.9' }).then(({ body }) => body, String)
    await expect.poll(answer, { timeout: 10_000 }).toBe('127.0.0.9')
  },
)
