import type { RawData, WebSocket } from 'ws'
import { PING, readRequest, subscribed } from './messages.ts'

/** What a client may be in the middle of before it is dropped, in ms. */
const SILENCE_LIMIT_MS = 60_000
const WRITE_LIMIT_MS = 10_000
const PING_EVERY_MS = 30_000
const QUEUE_LIMIT = 256
const STREAMS_LIMIT = 1_000

/** Close codes of RFC 6455. */
export const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

/** Who is told which stream a client wants. */
export type Streams = {
  join(stream: string, subscriber: Subscriber): void
  leave(stream: string, subscriber: Subscriber): void
}

/** One client's socket. Never waits: what does not fit into its queue is dropped, and counted in `dropped`. */
export class Subscriber {
  readonly streams = new Set<string>()
  dropped = 0
  readonly #socket: WebSocket
  readonly #now: () => number
  #unsent = 0
  /** When the client last took something, or had nothing to take. */
  #movedAt: number
  #heardAt: number
  #pingAt: number

  constructor(socket: WebSocket, { streams, now }: { readonly streams: Streams; now(): number }) {
    this.#socket = socket
    this.#now = now
    this.#movedAt = this.#heardAt = now()
    this.#pingAt = this.#heardAt + PING_EVERY_MS
    socket.on('message', (data) => this.#hear(textOf(data), streams))
    socket.on('pong', () => this.#isAlive())
    // What it was is known by the close that follows.
    socket.on('error', () => {})
    socket.once('close', () => {
      for (const stream of this.streams) streams.leave(stream, this)
    })
  }

  send(text: string | Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#unsent >= QUEUE_LIMIT) {
      this.dropped += 1
      return
    }
    if (this.#unsent === 0) this.#movedAt = this.#now()
    this.#unsent += 1
    this.#socket.send(text, { binary: false }, () => {
      this.#unsent -= 1
      this.#movedAt = this.#now()
    })
  }

  /** Says goodbye; a client that does not answer is cut off soon after. */
  goAway(): void {
    this.#socket.close(GOING_AWAY)
  }

  cut(): void {
    this.#socket.terminate()
  }

  /** To be called about once a second: asks whether the client is there, and drops one that is not. */
  look(): void {
    const now = this.#now()
    const isSilent = now - this.#heardAt >= SILENCE_LIMIT_MS
    const isStuck = this.#unsent > 0 && now - this.#movedAt >= WRITE_LIMIT_MS
    if (isSilent || isStuck) {
      this.cut()
    } else if (now >= this.#pingAt) {
      this.#pingAt += PING_EVERY_MS
      this.send(PING)
    }
  }

  /** Only an answer to a ping counts: a page that has hung goes on subscribing. */
  #isAlive(): void {
    this.#heardAt = this.#now()
  }

  #hear(text: string, streams: Streams): void {
    const request = readRequest(text)
    if (request === undefined) return
    if (request.kind === 'pong') this.#isAlive()
    else if (request.kind === 'unsubscribe') {
      this.streams.delete(request.stream)
      streams.leave(request.stream, this)
    } else this.#subscribe(request.stream, streams)
  }

  #subscribe(stream: string, streams: Streams): void {
    if (this.streams.size >= STREAMS_LIMIT && !this.streams.has(stream)) {
      this.#socket.close(POLICY_VIOLATION, `more than ${STREAMS_LIMIT} streams`)
      return
    }
    this.streams.add(stream)
    streams.join(stream, this)
    this.send(subscribed(stream))
  }
}

const textOf = (data: RawData): string => (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString()
