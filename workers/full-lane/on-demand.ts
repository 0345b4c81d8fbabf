/** The full lane from its first connection on. node:http and what stands on it take megabytes that a worker may never need. */
import type { Socket } from 'node:net'
import type { Lane } from '../lane.ts'
import type { FullLaneParts } from './full-lane.ts'

/** Loads the lane when it gets its first connection; the bytes of those that come meanwhile wait in the kernel. Worker thread. */
export const createFullLaneOnDemand = (parts: FullLaneParts): Lane => {
  let loading: Promise<Lane> | undefined
  let lane: Lane | undefined
  let isDraining = false

  const load = async (): Promise<Lane> => {
    const { FullLane } = await import('./full-lane.ts')
    lane = new FullLane(parts)
    if (isDraining) lane.drain()
    return lane
  }

  return {
    accept(socket, bytesRead) {
      if (lane) return lane.accept(socket, bytesRead)
      socket.on('error', onError)
      socket.pause()
      loading ??= load()
      void loading.then((loaded) => {
        socket.off('error', onError)
        if (!socket.destroyed) loaded.accept(socket, bytesRead)
      })
    },
    drain() {
      isDraining = true
      lane?.drain()
    },
    forget: () => lane?.forget(),
    close: () => lane?.close(),
  }
}

/** `close` follows. */
function onError(this: Socket): void {}
