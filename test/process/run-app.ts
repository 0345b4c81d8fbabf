import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { listProcesses } from '../../src/process/group.ts'
import { type ProcessSpec, type RunningProcess, startProcess } from '../../src/process/run.ts'

/** The path of one of the little apps. */
export const appFile = (name: string): string => join(import.meta.dirname, '../apps', `${name}.ts`)

export type App = RunningProcess & {
  readonly lines: readonly string[]
  /** The first line that matches, seen or to come. */
  line(pattern: RegExp): Promise<string>
}

/** Starts an app under the program's own `startProcess` and lets a test wait for its lines. */
export const runApp = async (name: string, env: NodeJS.ProcessEnv = {}, spec: Partial<ProcessSpec> = {}): Promise<App> => {
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  const running = await startProcess({
    name,
    argv: [process.execPath, appFile(name)],
    cwd: import.meta.dirname,
    env: { PATH: process.env['PATH'], ...env },
    ...spec,
    onLine(stream, line) {
      lines.push(line)
      spec.onLine?.(stream, line)
      for (const look of waiting) look(line)
    },
  })
  const line = (pattern: RegExp) =>
    new Promise<string>((resolve) => {
      const seen = lines.find((text) => pattern.test(text))
      if (seen !== undefined) return resolve(seen)
      waiting.add(function look(text) {
        if (!pattern.test(text)) return
        waiting.delete(look)
        resolve(text)
      })
    })
  return { ...running, lines, line }
}

/** A loopback port nobody listens on at this moment. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Whether a process runs, zombies aside. */
export const isAlive = (pid: number): boolean => listProcesses().some((entry) => entry.pid === pid)

/** For what no event tells: looks every few ms, gives up loudly. */
export const eventually = async (isSo: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> => {
  const deadline = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
