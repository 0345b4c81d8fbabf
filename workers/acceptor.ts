/** What a worker thread runs: accepts connections, keeps its routing up to date, ends when it has drained. */

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type BoundSocket, createServer, type Server, type Socket } from 'node:net'
import { createLineBatch } from '../src/log/access-log.ts'
import { createTurnstile } from '../src/protocol/counters.ts'
import { type SupervisorMessage, unreachable, type WorkerBirth, type WorkerMessage } from '../src/protocol/messages.ts'
import type { RoutingSnapshot } from '../src/protocol/routing-snapshot.ts'
import { listenOnTransferred } from '../src/protocol/transferred-socket.ts'
import { FullLane } from './full-lane/full-lane.ts'
import { createRoutingTable, type RoutingTable } from './routing-table.ts'
import { createWaitingRoom } from './waiting-room.ts'

/** A Piscina task that lasts as long as its thread. Resolves once the worker has drained; posts `worker.listening` when it accepts. */
export default async (birth: WorkerBirth): Promise<void> => {
  const post = (message: WorkerMessage): void => birth.port.postMessage(message)
  const log = createLineBatch((bytes) => birth.port.postMessage({ type: 'log.lines', bytes } satisfies WorkerMessage, [bytes.buffer]))
  const turnstile = createTurnstile(birth.counters, birth.worker)
  let routing = publish(birth.routing)
  const table = (): RoutingTable => routing
  const room = createWaitingRoom({ turnstile, table, post, now: Date.now })
  const lane = new FullLane({ room, turnstile, log, table })
  const connections = new Set<Socket>()
  const accept = (socket: Socket): void => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    socket.setNoDelay(true)
    lane.accept(socket)
  }

  let servers = await listen(birth.sockets, accept)
  post({ type: 'worker.listening' })
  const drained = Promise.withResolvers<number>()
  birth.port.on('message', async (message: SupervisorMessage) => {
    switch (message.type) {
      case 'routing.published':
        routing = publish(message.snapshot)
        return room.moved()
      case 'tenant.moved':
        routing.moved(message.standing)
        return room.moved(message.standing.name)
      case 'listener.replaced':
        for (const server of servers) server.close()
        servers = await listen(message.sockets, accept)
        return post({ type: 'worker.listening' })
      case 'worker.drain':
        return drained.resolve(message.graceMs)
      default:
        return unreachable(message)
    }
  })

  const graceMs = await drained.promise
  for (const server of servers) server.close()
  lane.drain()
  await emptied(connections, graceMs)
  lane.close()
  log.flush()
  birth.port.close()
}

const listen = (sockets: readonly BoundSocket[], accept: (socket: Socket) => void): Promise<Server[]> =>
  Promise.all(
    sockets.map(async (bound) => {
      const server = createServer({ allowHalfOpen: true }, accept)
      listenOnTransferred(server, bound)
      await once(server, 'listening')
      return server
    }),
  )

/** Makes a table of a snapshot. The page is read beside it: no request waits for a disk. */
const publish = (snapshot: RoutingSnapshot): RoutingTable => {
  const table = createRoutingTable(snapshot)
  const { page } = snapshot.maintenance
  if (page === undefined) return table
  readFile(page, 'utf8').then(
    (html) => {
      table.maintenancePage = html
    },
    // It was there when the configuration was checked; whoever removed it since gets the built-in one.
    () => {},
  )
  return table
}

/** Resolves when the last connection is closed; those that are left after `graceMs` are cut. */
const emptied = async (connections: ReadonlySet<Socket>, graceMs: number): Promise<void> => {
  const cut = setTimeout(() => {
    for (const socket of connections) socket.destroy()
  }, graceMs)
  while (connections.size > 0) await Promise.all([...connections].map((socket) => once(socket, 'close')))
  clearTimeout(cut)
}
