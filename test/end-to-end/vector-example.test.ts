import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { root, startNavigator } from './harness.ts'
import { portRange } from './site.ts'

/** Stands for Vector: takes its socket and its file from the example's own vector.toml, as the test has moved them. */
const VECTOR = `#!${process.execPath}
const { createServer } = require('node:net'), fs = require('node:fs')
const toml = fs.readFileSync(process.argv[3], 'utf8')
const socket = /^path = "([^"]+\\.sock)"/m.exec(toml)[1]
createServer((peer) => peer.on('data', (bytes) => fs.appendFileSync(socket + '.lines', bytes))).listen(socket)
process.on('SIGTERM', () => process.exit(0))
`
const REDIS = '#!/bin/sh\necho "Ready to accept connections"\nexec sleep 600\n'

test('the Vector example sends what apps, navigator and requests say to Vector, and to a file for each app', async () => {
  const example = readFileSync(join(root, 'examples/navigator-with-vector.yml'), 'utf8')
  const toml = readFileSync(join(root, 'examples/vector.toml'), 'utf8')
  const moved = (text: string) => text.replaceAll('/tmp/navigator-vector.sock', 'vector.sock')
  await using site = await startNavigator({
    config: moved(example)
      .replace('listen: ${PORT:-3000}', 'listen: "127.0.0.1:0"')
      .replace('examples/vector.toml', 'vector.toml')
      .replaceAll('root: examples/', `root: ${root}/examples/`)
      .replace('  tenants:', `  pools: { start_port: ${portRange().start_port} }\n  tenants:`),
    files: { 'vector.toml': moved(toml), 'bin/vector': VECTOR, 'bin/redis-server': REDIS },
    env: { PATH: `./bin:${dirname(process.execPath)}:/usr/bin:/bin` },
  })
  expect((await site.get('/boston/?from=test')).status).toBe(200)
  expect((await site.get('/chicago/')).status).toBe(200)

  const file = join(site.directory, 'vector.sock.lines')
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []).map((line) => JSON.parse(line))
  await vi.waitFor(() => {
    const told = lines()
    expect(told.find(({ uri }) => uri === '/boston/?from=test')).toMatchObject({ status: 200, tenant: 'boston', response_type: 'proxy' })
    expect(told.find(({ source }) => source === 'redis')).toMatchObject({ stream: 'stdout', message: 'Ready to accept connections' })
    expect(told.some(({ level, msg }) => level === 'INFO' && msg === 'tenant ready')).toBe(true)
  }, 15_000)
  expect(readFileSync(join(site.directory, 'log/redis.log'), 'utf8')).toContain('Ready to accept connections')
})
