import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startSupervisor } from '../../src/supervisor/supervisor.ts'
import { managed, optionsFor } from './site.ts'

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a start that fails', () => {
  test('because no worker can run leaves nothing behind', async () => {
    await using directory = await temporary()
    const pids: number[] = []
    const options = optionsFor({ processes: [managed('one', 'console.log(process.pid); setInterval(() => {}, 1e6)')] }, directory.path)
    const started = startSupervisor({
      ...options,
      workerUrl: new URL('./apps/no-worker.ts', import.meta.url),
      log: { ...options.log, info: (fields: unknown) => void pids.push(Number(Object(fields).pid)) },
    })
    await expect(started).rejects.toMatchObject({ code: 'NAV_PROCESS_EXITED', message: expect.stringContaining('no-worker.ts') })
    const born = pids.filter((pid) => pid > 0)
    expect(born).toHaveLength(1)
    expect(isAlive(born[0]!)).toBe(false)
  })

  test('because the port is taken starts no process', async () => {
    await using directory = await temporary()
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = Object(other.address())
    const lines: unknown[] = []
    const options = optionsFor({ processes: [managed('one', '')], server: { listen: { host: '127.0.0.1', port } } }, directory.path)
    const started = startSupervisor({ ...options, log: { ...options.log, info: (fields: unknown) => void lines.push(fields) } })
    await expect(started).rejects.toMatchObject({ code: 'NAV_LISTEN_FAILED' })
    expect(lines).toEqual([])
    other.close()
  })
})

const temporary = async () => {
  const path = await mkdtemp(join(tmpdir(), 'nav-start-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
