import { release } from './owned-bytes.ts'

const NEWLINE = 0x0a

/** Lines that wait to be written: bounded, the oldest lost first, and counted. */
export type LineQueue = {
  /** Whole lines with their line ends. */
  add(bytes: Buffer): void
  /** The oldest, some `wantedBytes` together; undefined when there is none. */
  take(wantedBytes: number): Buffer | undefined
  /** What of the last `take` was not written. It stays first and is never lost: a line of it may be half out already. */
  putBack(bytes: Buffer): void
  countDropped(bytes: Buffer): void
  /** Loses all. */
  clear(): void
  isEmpty(): boolean
  readonly dropped: number
}

export const createLineQueue = (boundBytes: number): LineQueue => {
  let entries: Buffer[] = []
  let first = 0
  let bytesWaiting = 0
  let unwritten: Buffer | undefined
  let dropped = 0

  const shift = (): Buffer => {
    const entry = entries[first++]!
    bytesWaiting -= entry.length
    if (first > 1_000 && first * 2 > entries.length) {
      entries = entries.slice(first)
      first = 0
    }
    return entry
  }
  const countDropped = (bytes: Buffer) => {
    dropped += countLines(bytes)
  }
  const isEmpty = () => first === entries.length && !unwritten

  return {
    isEmpty,
    countDropped,
    get dropped() {
      return dropped
    },
    add(bytes) {
      entries.push(bytes)
      bytesWaiting += bytes.length
      while (bytesWaiting > boundBytes) countDropped(shift())
    },
    take(wantedBytes) {
      if (isEmpty()) return undefined
      const taken = unwritten ? [unwritten] : [shift()]
      unwritten = undefined
      let size = taken[0]!.length
      while (first < entries.length && size + entries[first]!.length <= wantedBytes) {
        size += entries[first]!.length
        taken.push(shift())
      }
      return taken.length === 1 ? taken[0] : joined(taken, size)
    },
    putBack(bytes) {
      unwritten = bytes
    },
    clear() {
      if (unwritten) countDropped(unwritten)
      unwritten = undefined
      while (first < entries.length) countDropped(shift())
      entries = []
      first = 0
    },
  }
}

const joined = (taken: readonly Buffer[], size: number): Buffer => {
  const bytes = Buffer.concat(taken, size)
  taken.forEach(release)
  return bytes
}

/** How many line ends there are in it. */
export const countLines = (bytes: Buffer): number => {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++
  return lines
}
