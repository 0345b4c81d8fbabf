import { constants, fstatSync, openSync, write, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import { createLineQueue, type LineQueue } from './line-queue.ts'
import { own, release } from './owned-bytes.ts'

const BOUND_BYTES = 8 * 1024 * 1024
const WRITE_BYTES = 256 * 1024
const RETRY_MS = 10

/**
 * Writes whole lines to a file descriptor without ever making its caller wait. Supervisor thread, which alone writes to stdout:
 * one write is in flight at a time, so lines never mix. A reader that does not keep up loses the oldest lines; one that has gone
 * away (EPIPE) loses all of them. Neither throws.
 */
export type Sink = {
  /** One line, without line end. */
  write(line: string): void
  /** Whole lines with their line ends, in a buffer of their own, which is the sink's from now on. */
  writeLines(bytes: Uint8Array): void
  /** Lines lost so far. */
  readonly dropped: number
  /** Resolves when the system has taken all that was written, or it is lost. Waits as long as the reader does: give it a limit. */
  flush(): Promise<void>
  /** Writes what is left, for the end of the process. Gives up `withinMs` from now when the reader does not keep up. */
  flushSync(withinMs: number): void
}

/** @param fd stays open; 1 for stdout. `boundBytes` is how much may wait: 8 MB. */
export const createSink = (fd: number, { boundBytes = BOUND_BYTES }: { boundBytes?: number } = {}): Sink => {
  const target = withoutBlocking(fd)
  const queue = createLineQueue(boundBytes)
  let inFlight: Buffer | undefined
  let isBroken = false
  let idle = Promise.withResolvers<void>()
  idle.resolve()

  const next = () => {
    if (inFlight) return
    inFlight = isBroken ? undefined : queue.take(WRITE_BYTES)
    if (inFlight) write(target, inFlight, 0, inFlight.length, null, settle)
    else idle.resolve()
  }
  const settle = (error: NodeJS.ErrnoException | null, written = 0) => {
    const rest = inFlight!.subarray(error ? 0 : written)
    if (rest.length > 0) queue.putBack(rest)
    else release(inFlight!)
    inFlight = undefined
    if (error && error.code !== 'EAGAIN') breakOff()
    if (error?.code === 'EAGAIN') setTimeout(next, RETRY_MS)
    else next()
  }
  const breakOff = () => {
    isBroken = true
    queue.clear()
  }
  const accept = (bytes: Buffer) => {
    if (bytes.length === 0) return
    if (isBroken) return queue.countDropped(bytes)
    const wasIdle = queue.isEmpty() && !inFlight
    queue.add(bytes)
    if (!wasIdle) return
    idle = Promise.withResolvers()
    setImmediate(next) // after this turn, so that its lines go out together
  }

  return {
    write: (line) => accept(Buffer.from(`${line}\n`)),
    writeLines: (bytes) => accept(own(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))),
    get dropped() {
      return queue.dropped
    },
    flush: () => idle.promise,
    flushSync(withinMs) {
      // The write in flight is in another thread's hands, which nothing tells us of before the next turn: a moment to end.
      if (inFlight) sleepSync(Math.min(withinMs, RETRY_MS))
      if (!drainSync(target, queue, performance.now() + withinMs)) breakOff()
    },
  }
}

/** False when not all could be written. */
const drainSync = (fd: number, queue: LineQueue, deadline: number): boolean => {
  for (let bytes = queue.take(WRITE_BYTES); bytes; bytes = queue.take(WRITE_BYTES)) {
    let written = 0
    try {
      written = writeSync(fd, bytes)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN') || performance.now() >= deadline) {
        queue.putBack(bytes)
        return false
      }
      sleepSync(1)
    }
    if (written < bytes.length) queue.putBack(bytes.subarray(written))
  }
  return true
}

const sleepSync = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/**
 * A descriptor for the same end that never blocks: a reader that stands still must hold neither a thread of the pool, which the end of
 * the process would wait for, nor the last flush.
 */
const withoutBlocking = (fd: number): number => {
  const stat = fstatSync(fd)
  if (process.platform === 'linux' && (stat.isFIFO() || isatty(fd))) return reopen(fd)
  // A socket (journald gives one) cannot be opened again: its own flag is set, which is what libuv does when it takes a stream over.
  if (stat.isSocket() || stat.isFIFO()) streams.push(new Socket({ fd, readable: false }))
  return fd
}

/** The flag of `fd` itself is left alone: other programs share a terminal and a shell's pipe. */
const reopen = (fd: number): number => {
  try {
    // Never closed: the last lines are written while the process exits, and the system closes it after that.
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return fd // another user's pipe may be written to but not opened
  }
}

/** Kept so that they are not collected, which would close their descriptors. */
const streams: Socket[] = []
