/**
 * The only module that touches read buffers shared by many connections. Its rule: octets leave a shared buffer only as a
 * latin1 string, which node copies. A write that is still under way would otherwise send what the next connection reads:
 * right length, wrong octets. Bulk transfers read into a buffer of their own, which is lent again only once all that was
 * written from it has left. Every socket has a writable high-water mark of 1, so `write()` gives true exactly then.
 */
import type { Socket } from 'node:net'

const SHARED_BYTES = 16 * 1024
const BULK_BYTES = 64 * 1024
const LARGE_BYTES = 256 * 1024
/** A body with more than this to come gets a large buffer. */
const LARGE_FROM = 1024 * 1024
/** Past these many lent at once, transfers get smaller buffers, and at last read through the shared one. */
const LARGE_LENT_LIMIT = 32
const BULK_LENT_LIMIT = 256
const KEPT_FREE = 8
/** From here on, two copies of a body cost more than a write without. */
const WORTH_A_BUFFER = 4 * 1024

/** The buffers of one worker thread. */
export type ReadBuffers = {
  readonly shared: Buffer
  /** A private buffer for a body with `expected` octets to come, or undefined when too many are lent. */
  lend(expected: number): Buffer | undefined
  /** Takes a private buffer back. `isFree`: nothing written from it is still under way. */
  takeBack(buffer: Buffer, isFree: boolean): void
  /** Called before each read into the shared buffer. */
  beforeSharedRead(): void
}

/** `poison`: overwrite the shared buffer between reads, so that octets kept past their time are seen to be wrong. For tests. */
export const createReadBuffers = (options: { readonly poison?: boolean } = {}): ReadBuffers => {
  const shared = Buffer.allocUnsafeSlow(SHARED_BYTES)
  const bulk = createShelf(BULK_BYTES, BULK_LENT_LIMIT)
  const large = createShelf(LARGE_BYTES, LARGE_LENT_LIMIT)
  return {
    shared,
    lend: (expected) => (expected > LARGE_FROM ? large.lend() : undefined) ?? bulk.lend(),
    takeBack: (buffer, isFree) => (buffer.length === LARGE_BYTES ? large : bulk).takeBack(buffer, isFree),
    beforeSharedRead: options.poison === true ? () => void shared.fill(0xdb) : () => {},
  }
}

const createShelf = (bytes: number, lentLimit: number) => {
  const free: Buffer[] = []
  let lent = 0
  return {
    lend(): Buffer | undefined {
      if (lent >= lentLimit) return undefined
      lent += 1
      return free.pop() ?? Buffer.allocUnsafeSlow(bytes)
    },
    takeBack(buffer: Buffer, isFree: boolean): void {
      lent -= 1
      if (isFree && free.length < KEPT_FREE) free.push(buffer)
    },
  }
}

/** What one upstream connection reads into. */
export class ReadWindow {
  readonly #buffers: ReadBuffers
  #own: Buffer | undefined
  #isFlushed = true

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers
  }

  /** Where the next read goes. For the `onread` option of a socket. */
  next(): Buffer {
    if (this.#own !== undefined) return this.#own
    this.#buffers.beforeSharedRead()
    return this.#buffers.shared
  }

  /**
   * Writes octets that have just been read on to `target`. Gives false when they have not all left yet: then nothing may be
   * read until `target` has drained.
   */
  forward(target: Socket, bytes: Buffer, start: number, end: number): boolean {
    if (bytes !== this.#own) return forwardText(target, bytes, start, end)
    this.#isFlushed = target.write(bytes.subarray(start, end))
    return this.#isFlushed
  }

  /** Says that so many octets are to come; when they are worth it, they are read into a buffer of their own. */
  expect(octets: number): void {
    if (octets <= SHARED_BYTES) return
    if (this.#own === undefined) this.#own = this.#buffers.lend(octets)
    else if (octets > LARGE_FROM && this.#own.length < LARGE_BYTES && this.#isFlushed) {
      this.release()
      this.#own = this.#buffers.lend(octets)
    }
  }

  /**
   * A transfer of `octets` is over, and there may be others. After one worth it the next is read into a private buffer from its
   * first octet on: that saves copying it twice.
   */
  settle(octets: number): void {
    const isWorthIt = octets >= WORTH_A_BUFFER
    if (!this.#isFlushed || !isWorthIt || this.#own?.length === LARGE_BYTES) this.release()
    if (isWorthIt) this.#own ??= this.#buffers.lend(octets > LARGE_FROM ? BULK_BYTES : octets)
  }

  /** What was forwarded last has left. */
  drained(): void {
    this.#isFlushed = true
  }

  /** The transfer is over, or given up. */
  release(): void {
    if (this.#own === undefined) return
    this.#buffers.takeBack(this.#own, this.#isFlushed)
    this.#own = undefined
    this.#isFlushed = true
  }
}

/** Writes a copy. For heads and all else that is small. */
export const forwardText = (target: Socket, bytes: Buffer, start: number, end: number): boolean =>
  target.write(bytes.toString('latin1', start, end), 'latin1')

/** Octets to keep past this read. */
export const keepCopy = (bytes: Buffer, start: number, end: number): Buffer => Buffer.from(bytes.subarray(start, end))

/** Octets kept from an earlier read, and those just read, in memory of their own. */
export const joinCopy = (kept: Buffer, bytes: Buffer, end: number): Buffer => Buffer.concat([kept, bytes.subarray(0, end)])
