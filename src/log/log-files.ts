import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { createSink, type Sink } from './sink.ts'

/** A file for the lines of each child. Supervisor thread, which never waits for the disk but to open one. */
export type LogFiles = {
  /** One line, without line end. */
  write(source: string, line: string): void
  /** Closes all; the next line of each opens its file anew: after somebody has renamed them. */
  reopen(): void
  /** Lines lost so far. */
  readonly dropped: number
  /** Writes what is left, for the end of the process. */
  flushSync(withinMs: number): void
}

/** A file nobody has written to for this long is closed: there may be more tenants than descriptors. */
const QUIET_MS = 60_000
const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants

/**
 * @param template an absolute path in which `{{app}}` stands for the name. `onFailure` hears of a file that cannot be opened; its
 * lines are lost until `reopen`, or for a minute.
 */
export const createLogFiles = (template: string, onFailure: (path: string, error: unknown) => void): LogFiles => {
  const files = new Map<string, OpenFile>()
  let dropped = 0

  const close = (path: string, { fd, sink }: OpenFile) => {
    files.delete(path)
    if (fd === undefined || !sink) return
    void sink.flush().then(() => {
      dropped += sink.dropped
      closeSync(fd)
    })
  }
  const sweep = setInterval(() => {
    for (const [path, file] of files) {
      if (!file.isInUse) close(path, file)
      file.isInUse = false
    }
  }, QUIET_MS)
  sweep.unref()

  return {
    write(source, line) {
      const path = pathFor(template, source)
      const file = files.get(path) ?? open(path, onFailure)
      files.set(path, file)
      file.isInUse = true
      if (file.sink) file.sink.write(line)
      else dropped++
    },
    reopen() {
      for (const [path, file] of files) close(path, file)
    },
    get dropped() {
      return [...files.values()].reduce((sum, { sink }) => sum + (sink?.dropped ?? 0), dropped)
    },
    flushSync(withinMs) {
      const deadline = performance.now() + withinMs
      for (const { sink } of files.values()) sink?.flushSync(Math.max(0, deadline - performance.now()))
    },
  }
}

/** Without either when it could not be opened. */
type OpenFile = { readonly fd?: number; readonly sink?: Sink; isInUse: boolean }

/** A tenant may be called `2025/boston` or `..`: its name stays one part of the path. */
const pathFor = (template: string, source: string): string =>
  template.replaceAll(/\{\{\s*app\s*\}\}/g, source.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '_') || '_')

const open = (path: string, onFailure: (path: string, error: unknown) => void): OpenFile => {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    // Not to wait for the reader of a pipe that stands there.
    const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o644)
    return { fd, sink: createSink(fd), isInUse: true }
  } catch (error) {
    onFailure(path, error)
    return { isInUse: true }
  }
}
