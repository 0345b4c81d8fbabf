import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Logger } from '../../src/log/logger.ts'
import { createPidDirectory } from '../../src/process/leftovers.ts'
import { createCgiChildren } from '../../src/supervisor/cgi-children.ts'

const silent: Logger = { level: 'info', debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

const startGroup = async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  await once(child, 'spawn')
  return { pid: child.pid!, ended: once(child, 'exit') }
}

test('scripts of a worker whose thread is gone are killed, and no others', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nav-cgi-'))
  const children = createCgiChildren({ pids: createPidDirectory(directory), log: silent, onLine() {} })
  const [orphan, other] = [await startGroup(), await startGroup()]
  children.hear(0, { type: 'cgi.started', pid: orphan.pid, script: 'update' })
  children.hear(1, { type: 'cgi.started', pid: other.pid, script: 'update' })
  expect(await readdir(directory)).toHaveLength(2)
  children.workerGone(0)
  expect(await orphan.ended).toEqual([null, 'SIGKILL'])
  expect(await readdir(directory)).toEqual([`${other.pid}.json`])
  expect(process.kill(other.pid, 0)).toBe(true)
  children.workerGone(1)
  await other.ended
  await rm(directory, { recursive: true })
})

test('a script that has ended is nobody to be killed any more', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nav-cgi-'))
  const children = createCgiChildren({ pids: createPidDirectory(directory), log: silent, onLine() {} })
  const group = await startGroup()
  children.hear(0, { type: 'cgi.started', pid: group.pid, script: 'update' })
  children.hear(0, { type: 'cgi.ended', pid: group.pid, script: 'update', code: 0, signal: null, tookMs: 5 })
  children.workerGone(0)
  expect(await readdir(directory)).toEqual([])
  expect(process.kill(group.pid, 0)).toBe(true)
  process.kill(group.pid, 'SIGKILL')
  await group.ended
  await rm(directory, { recursive: true })
})
