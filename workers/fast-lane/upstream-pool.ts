/** Connections to upstreams that are kept for the next request. The one used last is taken first, so that the others can age. */
import type { ReadBuffers } from './buffers.ts'
import { connectUpstream, type Origin, type UpstreamConnection, type UpstreamListener } from './upstream-connection.ts'

/** Shorter than the keep-alive times of common servers (node: 5 s), so that it is we who close. */
const IDLE_LIMIT_TICKS = 4

type Shelf = { ticket: number; readonly idle: UpstreamConnection[] }

export class UpstreamPool {
  readonly #buffers: ReadBuffers
  readonly #listener: UpstreamListener
  readonly #shelves = new Map<string | number, Shelf>()
  #clock = 0

  constructor(buffers: ReadBuffers, listener: UpstreamListener) {
    this.#buffers = buffers
    this.#listener = listener
  }

  /** A new connection, whatever is kept. */
  connect(origin: Origin): UpstreamConnection {
    return connectUpstream(origin, this.#buffers, this.#listener)
  }

  /** A kept connection that has not been idle for longer than `idleLimitTicks`, or a new one. */
  take(origin: Origin, idleLimitTicks: number): UpstreamConnection {
    const shelf = this.#shelves.get(origin.key)
    if (shelf === undefined) return this.connect(origin)
    if (shelf.ticket !== origin.ticket) closeAll(shelf)
    for (let upstream = shelf.idle.pop(); upstream !== undefined; upstream = shelf.idle.pop()) {
      if (upstream.phase !== 'idle') continue
      if (this.#clock - upstream.idleSince <= idleLimitTicks) return upstream
      // Those below have been idle for longer still, but may yet serve a request that can be sent twice.
      shelf.idle.push(upstream)
      break
    }
    return this.connect(origin)
  }

  /** Keeps the connection for the next request. */
  keep(upstream: UpstreamConnection): void {
    const { key, ticket } = upstream.origin
    const shelf = this.#shelves.get(key) ?? { ticket, idle: [] }
    this.#shelves.set(key, shelf)
    if (shelf.ticket !== ticket) {
      closeAll(shelf)
      shelf.ticket = ticket
    }
    upstream.phase = 'idle'
    upstream.idleSince = this.#clock
    shelf.idle.push(upstream)
  }

  /** Once a second: closes what has been idle for too long. `now` counts the calls. */
  tick(now: number): void {
    this.#clock = now
    for (const [key, shelf] of this.#shelves) {
      dropAged(shelf, now)
      if (shelf.idle.length === 0) this.#shelves.delete(key)
    }
  }

  close(): void {
    for (const shelf of this.#shelves.values()) closeAll(shelf)
    this.#shelves.clear()
  }
}

const closeAll = (shelf: Shelf): void => {
  for (const upstream of shelf.idle.splice(0)) upstream.abandon()
}

/** The oldest come first. */
const dropAged = (shelf: Shelf, now: number): void => {
  let aged = 0
  for (const upstream of shelf.idle) {
    if (upstream.phase === 'idle' && now - upstream.idleSince <= IDLE_LIMIT_TICKS) break
    aged += 1
    if (upstream.phase === 'idle') upstream.abandon()
  }
  shelf.idle.splice(0, aged)
}
