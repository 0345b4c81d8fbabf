import type { Readable } from 'node:stream'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const FIRST_CAPACITY = 1024

/** A stream's reading may take this long in one go, then it rests `REST_FACTOR` times as long. */
const BUSY_MS = 2
const REST_FACTOR = 3

/** Longest line handed on, in bytes. Longer ones come in pieces, in order. */
export const LINE_LIMIT_BYTES = 64 * 1024

/** The reading of one stream. */
export type LineReader = {
  /** Reads what is left without resting, for a stream whose writer has ended; resolves at its end. */
  drained(): Promise<void>
  close(): void
}

/**
 * Hands on each line of a stream. Supervisor thread, of which it takes no more than a quarter: a child that floods its log is made to
 * wait for its reader, and the reader's other business is not.
 */
export const readLines = (stream: Readable, onLine: (line: string) => void): LineReader => {
  const splitter = createLineSplitter(onLine)
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let busyMs = 0
  let mayRest = true

  stream.on('data', (chunk: Buffer) => {
    const since = performance.now()
    splitter.push(chunk)
    busyMs += performance.now() - since
    if (busyMs < BUSY_MS || !mayRest || stream.isPaused()) return
    stream.pause()
    setTimeout(() => stream.resume(), busyMs * REST_FACTOR)
    busyMs = 0
  })
  // A read error on a pipe ends it as an end does: 'close' follows both.
  stream.on('error', () => {})
  stream.once('close', () => {
    splitter.end()
    resolve()
  })

  return {
    drained() {
      mayRest = false
      stream.resume()
      return ended
    },
    close: () => void stream.destroy(),
  }
}

/** Turns the chunks of one stream into lines. Supervisor thread. */
export type LineSplitter = {
  push(chunk: Uint8Array): void
  /** Hands on what stands after the last newline. Call once, when the stream has ended. */
  end(): void
}

/**
 * Joins what was cut between chunks, without its line end; bytes that are no UTF-8 become U+FFFD.
 * Holds at most one line of `limitBytes`, however small the chunks are.
 */
export const createLineSplitter = (onLine: (line: string) => void, limitBytes: number = LINE_LIMIT_BYTES): LineSplitter => {
  let held = Buffer.alloc(0)
  let used = 0

  const hold = (piece: Buffer) => {
    if (used + piece.length > held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, used + piece.length, Math.min(held.length * 2, limitBytes)))
      held.copy(larger, 0, 0, used)
      held = larger
    }
    piece.copy(held, used)
    used += piece.length
  }

  const handOn = (line: Buffer) => {
    let rest = line
    while (rest.length > limitBytes) {
      const cut = characterBoundary(rest, limitBytes)
      onLine(rest.toString('utf8', 0, cut))
      rest = rest.subarray(cut)
    }
    onLine(rest.toString('utf8', 0, rest.at(-1) === CARRIAGE_RETURN ? rest.length - 1 : rest.length))
  }

  const finish = (piece: Buffer) => {
    if (used === 0) return handOn(piece)
    hold(piece)
    const line = held.subarray(0, used)
    used = 0
    handOn(line)
    held = Buffer.alloc(0)
  }

  const keep = (piece: Buffer) => {
    let rest = piece
    while (used + rest.length > limitBytes) {
      const room = limitBytes - used
      hold(rest.subarray(0, room))
      rest = rest.subarray(room)
      const cut = characterBoundary(held, used)
      onLine(held.toString('utf8', 0, cut))
      held.copy(held, 0, cut, used)
      used -= cut
    }
    hold(rest)
  }

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let start = 0
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        finish(bytes.subarray(start, end))
        start = end + 1
      }
      if (start < bytes.length) keep(bytes.subarray(start))
    },
    end() {
      if (used > 0) finish(Buffer.alloc(0))
    },
  }
}

/** The last place at or before `limit` where no UTF-8 sequence is cut in two; `limit` itself for bytes that are no UTF-8. */
const characterBoundary = (bytes: Buffer, limit: number): number => {
  for (let back = 0; back < 4 && limit - back > 0; back++) {
    const last = bytes[limit - back - 1]!
    if (last < 0x80) return limit - back
    if (last >= 0xc0) return back + 1 >= sequenceLength(last) ? limit : limit - back - 1 || limit
  }
  return limit
}

const sequenceLength = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2)
