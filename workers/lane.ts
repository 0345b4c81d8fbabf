import type { Socket } from 'node:net'

/** A way to carry the requests of a connection. */
export type Lane = {
  /** Takes over a connection with all its events, and the bytes already read from it. It may be paused: the lane makes it flow. */
  accept(socket: Socket, bytesRead?: Buffer): void
  /** The machine was frozen: gives up idle connections to upstreams. */
  forget(): void
  /** Ends idle connections now, and each other one with its response. */
  drain(): void
  /** After the last connection: gives back what the lane holds besides. */
  close(): void
}
