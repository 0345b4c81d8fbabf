/** The lane in front: takes every client connection, carries the plain requests itself and hands the others over. */
import type { Socket } from 'node:net'
import type { Lane } from '../lane.ts'
import { plainAnswer } from './answer.ts'
import { createReadBuffers } from './buffers.ts'
import { ClientConnection } from './client-connection.ts'
import { attach } from './client-socket.ts'
import { expire } from './expiry.ts'
import type { FastLaneOptions, LaneState } from './lane-state.ts'
import { createRequestHead } from './request-head.ts'
import { upstreamListener } from './upstream-events.ts'
import { UpstreamPool } from './upstream-pool.ts'

export type { FastLaneOptions } from './lane-state.ts'

const CONNECTIONS_LIMIT = 50_000

/** A lane whose timeouts need somebody to tell the time. */
export type FastLane = Lane & {
  /**
   * Takes a connection of a `net.Server` made with `highWaterMark: 1`, without which `write()` would give true before all has
   * left.
   */
  accept(socket: Socket, bytesRead?: Buffer): void
  /** To be called once a second. */
  tick(): void
  /** Connections this lane has now. */
  size(): number
}

/** One per worker thread. */
export const createFastLane = (options: FastLaneOptions): FastLane => {
  const buffers = createReadBuffers({ poison: options.poisonBuffers === true })
  const pool = new UpstreamPool(buffers, upstreamListener)
  const state: LaneState = { options, buffers, pool, connections: new Set(), head: createRequestHead(), clock: 0, isDraining: false }
  const limit = options.connectionsLimit ?? CONNECTIONS_LIMIT

  return {
    accept(socket, bytesRead) {
      if (state.connections.size >= limit) {
        refuse(socket)
        return
      }
      const client = new ClientConnection(socket, state)
      state.connections.add(client)
      attach(socket, client)
      if (bytesRead === undefined) return
      if (bytesRead.length > 0) socket.unshift(bytesRead)
      // Whoever has read from it has paused it.
      socket.resume()
    },
    tick() {
      state.clock += 1
      for (const client of state.connections) if (client.deadline <= state.clock) expire(client)
      pool.tick(state.clock)
    },
    drain() {
      state.isDraining = true
      for (const client of state.connections) if (client.phase === 'head' && client.early === undefined) client.endSocket()
    },
    forget: () => pool.close(),
    close: () => pool.close(),
    size: () => state.connections.size,
  }
}

const refuse = (socket: Socket): void => {
  socket.on('error', () => {})
  socket.end(plainAnswer(503), 'latin1')
  socket.resume()
}
