import { createConnection, type Socket } from 'node:net'
import { countLines, createLineQueue } from './line-queue.ts'

const BOUND_BYTES = 8 * 1024 * 1024
const WRITE_BYTES = 64 * 1024
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000
/** One that has just been started may take until then to listen. */
const REPORT_AT_MS = 1_600

/**
 * Lines on their way to Vector: a Unix stream socket, connected again as often as need be. Nothing ever waits for it: lines wait in a
 * bounded buffer that loses the oldest and counts them. Supervisor thread.
 */
export type VectorWriter = {
  /** One JSON object, without line end. */
  write(line: string): void
  /** Whole lines with their line ends. The bytes must not change afterwards. */
  writeLines(bytes: Uint8Array): void
  /** Lines the system has taken so far. Those that Vector had not read when it died are among them. */
  readonly sent: number
  /** Lines lost so far. Those under way when a connection broke are among them, though some may have arrived: none is sent twice. */
  readonly dropped: number
  /** Resolves when nothing waits any more, or after `withinMs`. */
  drained(withinMs: number): Promise<void>
  /** Loses what waits. */
  close(): void
}

export type VectorOptions = {
  /** How much may wait. 8 MB. */
  readonly boundBytes?: number
  /** Hears when the connection is made or gone, and why. */
  readonly onChange?: (isConnected: boolean, reason?: string) => void
}

/** @param path of the socket Vector listens on. */
export const createVectorWriter = (path: string, { boundBytes = BOUND_BYTES, onChange = () => {} }: VectorOptions = {}): VectorWriter => {
  const queue = createLineQueue(boundBytes)
  let socket: Socket | undefined
  let isConnected = false
  let isClosed = false
  let isScheduled = false
  let inFlight: Buffer | undefined
  let sent = 0
  let waitMs = FIRST_WAIT_MS
  let idle = Promise.withResolvers<void>()
  idle.resolve()

  const pump = () => {
    isScheduled = false
    if (!isConnected || inFlight) return
    inFlight = queue.take(WRITE_BYTES)
    if (!inFlight) return idle.resolve()
    socket!.write(inFlight, (error) => {
      if (error || !inFlight) return // 'close' follows and counts it
      sent += countLines(inFlight)
      inFlight = undefined
      pump()
    })
  }
  const connect = () => {
    if (isClosed) return
    let reason = 'it closed the connection'
    const opened = createConnection({ path })
    socket = opened
    opened.unref()
    opened.on('connect', () => {
      isConnected = true
      waitMs = FIRST_WAIT_MS
      onChange(true)
      pump()
    })
    opened.on('error', (error) => (reason = error.message))
    opened.on('close', () => lose(reason))
    opened.resume() // else its end is never seen
  }
  const lose = (reason: string) => {
    if (inFlight) queue.countDropped(inFlight)
    inFlight = undefined
    if (isConnected || waitMs === REPORT_AT_MS) onChange(false, reason)
    isConnected = false
    if (isClosed) return
    setTimeout(connect, waitMs).unref()
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
  const accept = (bytes: Buffer) => {
    if (bytes.length === 0) return
    if (isClosed) return queue.countDropped(bytes)
    if (queue.isEmpty() && !inFlight) idle = Promise.withResolvers()
    queue.add(bytes)
    if (isScheduled || inFlight) return
    isScheduled = true
    setImmediate(pump) // after this turn, so that its lines go out together
  }
  connect()

  return {
    write: (line) => accept(Buffer.from(`${line}\n`)),
    writeLines: (bytes) => accept(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    get sent() {
      return sent
    },
    get dropped() {
      return queue.dropped
    },
    async drained(withinMs) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, withinMs)
      await Promise.race([idle.promise, promise])
      clearTimeout(timer)
    },
    close() {
      isClosed = true
      queue.clear()
      socket?.destroy()
      idle.resolve()
    },
  }
}
