/** Where lines go: files, the ring behind `navigator logs`, Vector. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { root, startNavigator, testEnvironment } from './harness.ts'
import { portRange, tenant } from './site.ts'

const applications = (...tenants: readonly object[]) => ({ pools: portRange(), tenants })
const ticker = {
  name: 'ticker',
  command: process.execPath,
  args: ['-e', "let n = 0; setInterval(() => console.log('tick', n++), 20)"],
}

/** Stands for Vector: listens on the socket its configuration names, and keeps what it is sent. */
const VECTOR = `#!${process.execPath}
const { createServer } = require('node:net'), fs = require('node:fs')
const [, , flag, config] = process.argv
if (flag !== '--config') process.exit(2)
const { socket, out } = JSON.parse(fs.readFileSync(config, 'utf8'))
if (fs.existsSync(socket)) throw new Error('a socket was left there')
createServer((peer) => peer.on('data', (bytes) => fs.appendFileSync(out, bytes))).listen(socket, () => console.log('vector is up'))
process.on('SIGTERM', () => process.exit(0))
`

const until = async <T>(look: () => T | undefined): Promise<T> => {
  for (const end = Date.now() + 15_000; Date.now() < end; ) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  throw new Error('it did not come to that')
}
const contentOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

describe('logs', () => {
  test('of each app go to its file, opened anew on SIGUSR1', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({
      config: { managed_processes: [ticker], logging: { file: 'log/{{app}}.log' }, server: { workers: 1 } },
    })
    const file = join(site.directory, 'log/ticker.log')
    await until(() => contentOf(file).includes('tick 3') || undefined)
    renameSync(file, `${file}.1`)
    site.signal('SIGUSR1')
    await until(() => contentOf(file).includes('tick') || undefined)
    renameSync(file, `${file}.2`)
    expect((await site.command('reopen')).code).toBe(0)
    await until(() => contentOf(file).includes('tick') || undefined)
  })

  test('are shown by name and followed as they come', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({
      config: { managed_processes: [ticker, { ...ticker, name: 'other' }], server: { workers: 1 } },
    })
    await site.logged('tick 5')
    const last = await site.command('logs', 'tick*', '-n', '3', '--json')
    const lines = last.stdout.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).source)).toEqual(['ticker', 'ticker', 'ticker'])
    const following = spawn(join(root, 'bin/navigator'), ['logs', 'ticker', '-f', '-n', '0', '-c', site.configFile], {
      env: testEnvironment(site.directory),
    })
    const seen: string[] = []
    createInterface({ input: following.stdout }).on('line', (line) => seen.push(line))
    following.stderr.on('data', (text) => seen.push(String(text)))
    await until(() => (seen.length >= 5 ? seen : undefined))
    following.kill()
    expect(seen[0]).toMatch(/^\[ticker.stdout\] tick \d+$/)
  })
})

describe('vector', () => {
  test('is started first, and gets lines of apps, of navigator and of requests, but not its own', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({
      config: {
        server: { workers: 1 },
        applications: applications(tenant('boston')),
        managed_processes: [ticker],
        logging: { vector: { enabled: true, socket: 'vector.sock', config: 'vector.json' } },
      },
      files: {
        'bin/vector': VECTOR,
        'vector.json': JSON.stringify({ socket: 'vector.sock', out: 'out.log' }),
        'vector.sock': 'left by an instance that was killed',
      },
      env: { PATH: './bin:/usr/bin:/bin' },
    })
    const out = join(site.directory, 'out.log')
    expect((await site.get('/boston/')).status).toBe(200)
    await until(() => (contentOf(out).includes('"response_type":"proxy"') && contentOf(out).includes('"msg":"tenant ready"')) || undefined)
    await until(() => contentOf(out).includes('"source":"ticker"') || undefined)
    expect((await site.ps()).rows.find(({ kind }) => kind === 'process')?.name).toBe('vector')
    expect(site.log().join('\n')).toContain('vector is up')
    await site.stop()
    const lines = contentOf(out).trim().split('\n')
    for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow()
    expect(lines.join('\n')).not.toContain('vector is up')
    expect(lines.join('\n')).toContain('tenant stopped')
  })

  test('that is not installed delays no request', { timeout: 60_000 }, async () => {
    await using site = await startNavigator({
      config: {
        server: { workers: 1 },
        applications: applications(tenant('boston')),
        logging: { vector: { enabled: true, socket: 'vector.sock', config: 'none.toml' } },
      },
      env: { PATH: '/usr/bin:/bin' },
    })
    expect((await site.get('/boston/')).status).toBe(200)
    await site.logged('process failed')
  })
})
