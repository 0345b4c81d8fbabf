/** What a worker thread runs: accepts connections, keeps its routing up to date, ends when it has drained. */

import { once } from 'node:events'
import { type BoundSocket, createServer, type Server, type Socket } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import { createAccessLog, createLineBatch } from '../src/log/access-log.ts'
import { createHostDoor } from '../src/protocol/activity.ts'
import { createTurnstile } from '../src/protocol/counters.ts'
import { type SupervisorMessage, unreachable, type WorkerBirth, type WorkerMessage } from '../src/protocol/messages.ts'
import type { RoutingSnapshot } from '../src/protocol/routing-snapshot.ts'
import { listenOnTransferred } from '../src/protocol/transferred-socket.ts'
import { type Credentials, createCredentials } from './access/credentials.ts'
import { createCable } from './cable/cable.ts'
import { putInFront } from './fast-lane/in-front.ts'
import type { FullLaneParts } from './full-lane/full-lane.ts'
import { createFullLaneOnDemand } from './full-lane/on-demand.ts'
import { HostGate } from './host-gate.ts'
import type { Lane } from './lane.ts'
import { readProxyHeaders } from './proxy-protocol/in-front.ts'
import { createRoutingTable, type RoutingTable } from './routing-table.ts'
import { createTally } from './tally.ts'
import { watchTargets } from './target-watch.ts'
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts'

/** A Piscina task that lasts as long as its thread. */
export default (birth: WorkerBirth): Promise<void> => runWorker(birth, (parts) => putInFront(createFullLaneOnDemand(parts), parts))

/** Carries traffic in the lane that `open` gives. Resolves once the worker has drained; posts `worker.listening` when it accepts. */
export const runWorker = async (birth: WorkerBirth, open: (parts: FullLaneParts) => Lane): Promise<void> => {
  const post = (message: WorkerMessage): void => birth.port.postMessage(message)
  const tally = createTally((delta) => birth.port.postMessage({ type: 'traffic.counted', delta } satisfies WorkerMessage))
  const lines = createLineBatch((bytes) => birth.port.postMessage({ type: 'log.lines', bytes } satisfies WorkerMessage, [bytes.buffer]))
  const log = createAccessLog(lines, tally.count)
  const turnstile = createTurnstile(birth.counters, birth.worker)
  const credentials = createCredentials(post)
  const routing = createRouting(birth.routing, credentials)
  const room = createWaitingRoom({ turnstile, table: routing.table, post, now: Date.now })
  const host = new HostGate({ door: createHostDoor(birth.counters, birth.worker), post, renewed: () => lane.forget() })
  const cable = createCable({ channel: birth.cable, dropped: (messages) => post({ type: 'cable.dropped', messages }) })
  const { table } = routing
  const lane = readProxyHeaders(open({ room, host, cable, turnstile, log, post, table }), { log, table })
  const door = createDoor(lane)
  await door.listen(birth.sockets)
  post({ type: 'worker.listening' })
  const graceMs = await obey(birth.port, { routing, room, host, door, credentials, post })
  door.close()
  routing.close()
  lane.drain()
  await door.emptied(graceMs)
  lane.close()
  lines.flush()
  tally.flush()
  birth.port.close()
}

type Obedient = {
  readonly routing: Routing
  readonly room: WaitingRoom
  readonly host: HostGate
  readonly door: Door
  readonly credentials: Credentials
  post(message: WorkerMessage): void
}

/** Does what the supervisor says until it says to drain: then gives the grace in ms. */
const obey = (port: MessagePort, { routing, room, host, door, credentials, post }: Obedient) => {
  const { promise, resolve } = Promise.withResolvers<number>()
  port.on('message', async (message: SupervisorMessage) => {
    switch (message.type) {
      case 'routing.published':
        credentials.forget()
        routing.publish(message.snapshot)
        return room.moved()
      case 'tenant.moved':
        routing.table().moved(message.standing)
        return room.moved(message.standing.name)
      case 'password.checked':
        return credentials.answered(message.key, message.outcome)
      case 'passwords.changed':
        return credentials.forget(message.file)
      case 'listener.replaced':
        door.close()
        await door.listen(message.sockets)
        return post({ type: 'worker.listening' })
      case 'host.opened':
        return host.opened()
      case 'worker.drain':
        return resolve(message.graceMs)
      default:
        return unreachable(message)
    }
  })
  return promise
}

type Routing = { table(): RoutingTable; publish(snapshot: RoutingSnapshot): void; close(): void }

const createRouting = (first: RoutingSnapshot, credentials: Credentials): Routing => {
  let current = createRoutingTable(first, credentials)
  let watch = watchTargets(current.reverseProxies.rules)
  return {
    table: () => current,
    publish(snapshot) {
      watch.stop()
      current = createRoutingTable(snapshot, credentials)
      watch = watchTargets(current.reverseProxies.rules)
    },
    close: () => watch.stop(),
  }
}

/** Where connections come in, and all that have. */
type Door = {
  listen(sockets: readonly BoundSocket[]): Promise<void>
  /** Accepts nothing more. */
  close(): void
  /** Resolves when the last connection is closed. Cuts those that are left after `graceMs`. */
  emptied(graceMs: number): Promise<void>
}

const createDoor = (lane: Lane): Door => {
  const connections = new Set<Socket>()
  let servers: readonly Server[] = []
  const accept = (socket: Socket): void => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    socket.setNoDelay(true)
    lane.accept(socket)
  }

  return {
    async listen(sockets) {
      servers = await Promise.all(sockets.map((bound) => listenOn(bound, accept)))
    },
    close() {
      for (const server of servers) server.close()
    },
    async emptied(graceMs) {
      const cut = setTimeout(() => {
        for (const socket of connections) socket.destroy()
      }, graceMs)
      while (connections.size > 0) await Promise.all([...connections].map(closed))
      clearTimeout(cut)
    },
  }
}

/** Not events.once(): that rejects when a client resets its connection. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once('close', () => resolve()))

const listenOn = async (bound: BoundSocket, accept: (socket: Socket) => void): Promise<Server> => {
  // With a mark of 1 a write gives true exactly when all of it has left: the fast lane's buffers depend on it.
  const server = createServer({ allowHalfOpen: true, highWaterMark: 1 }, accept)
  listenOnTransferred(server, bound)
  await once(server, 'listening')
  return server
}
