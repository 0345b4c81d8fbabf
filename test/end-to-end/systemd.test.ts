import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { startNavigator } from './harness.ts'

const has = (program: string): boolean => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Closes the descriptors that come along, as systemd does: whoever sends waits for that. */
const LISTENER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening', flush=True)
while True:
    data, fds, _, _ = socket.recv_fds(s, 4096, 4)
    print(data.decode(), flush=True)
    for fd in fds: os.close(fd)
`

/** Each field is one line. */
const startListener = async (socket: string) => {
  const child = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await expect.poll(() => lines, { timeout: 10_000 }).toContain('listening')
  return { lines, [Symbol.dispose]: () => void child.kill() }
}

test.skipIf(!has('systemd-notify') || !has('python3'))('navigator tells systemd when it is ready, reloads, lives and stops', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'navigator-systemd-'))
  try {
    using systemd = await startListener(join(directory, 'notify'))
    await using site = await startNavigator({
      directory,
      config: {
        managed_processes: [{ name: 'side', command: 'sh', args: ['-c', 'echo "told: $NOTIFY_SOCKET$WATCHDOG_USEC"; sleep 600'] }],
      },
      env: { NOTIFY_SOCKET: join(directory, 'notify'), WATCHDOG_USEC: '400000' },
    })
    await expect.poll(() => systemd.lines, { timeout: 10_000 }).toContain('WATCHDOG=1')
    expect(systemd.lines).toEqual(expect.arrayContaining(['READY=1', `MAINPID=${site.pid}`]))
    // Nobody but navigator speaks for it.
    expect(JSON.parse(await site.logged('"message":"told:'))).toMatchObject({ message: 'told: ' })
    await site.reload()
    await expect
      .poll(() => systemd.lines.filter((line) => /^(READY|RELOADING)=1/.test(line)), { timeout: 10_000 })
      .toEqual(['READY=1', 'RELOADING=1', 'READY=1'])
    expect(await site.stop()).toBe(0)
    expect(systemd.lines).toContain('STOPPING=1')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
