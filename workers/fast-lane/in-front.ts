/** Both lanes as one: the fast lane takes every connection, and gives up to the full lane those it has no mind to. */
import type { Lane } from '../lane.ts'
import { decide } from '../pipeline.ts'
import { createFastLane } from './fast-lane.ts'
import type { FastLaneOptions } from './lane-state.ts'

const TICK_MS = 1000

/** Starts the clock of the fast lane's timeouts; `close()` stops it. Worker thread. */
export const putInFront = (fullLane: Lane, parts: Omit<FastLaneOptions, 'decide' | 'handOver'>): Lane => {
  const fastLane = createFastLane({
    ...parts,
    decide,
    handOver: (socket, bytesRead) => fullLane.accept(socket, bytesRead),
  })
  const clock = setInterval(() => fastLane.tick(), TICK_MS)

  return {
    accept: (socket, bytesRead) => fastLane.accept(socket, bytesRead),
    forget() {
      fastLane.forget()
      fullLane.forget()
    },
    drain() {
      fastLane.drain()
      fullLane.drain()
    },
    close() {
      clearInterval(clock)
      fastLane.close()
      fullLane.close()
    },
  }
}
