/** A fast lane on a port of its own, in front of scripted upstreams. Everything is real but the supervisor. */

import { once } from 'node:events'
import net from 'node:net'
import { createAccessLog } from '../../../src/log/access-log.ts'
import { createHostDoor } from '../../../src/protocol/activity.ts'
import { allocateCounters, createGateKeeper, createTurnstile, type TrafficReading } from '../../../src/protocol/counters.ts'
import type { TenantRoute } from '../../../src/protocol/routing-snapshot.ts'
import { createCable } from '../../../workers/cable/cable.ts'
import { createFastLane, type FastLane } from '../../../workers/fast-lane/fast-lane.ts'
import { FullLane } from '../../../workers/full-lane/full-lane.ts'
import { HostGate } from '../../../workers/host-gate.ts'
import { decide } from '../../../workers/pipeline.ts'
import { createRoutingTable } from '../../../workers/routing-table.ts'
import { createWaitingRoom } from '../../../workers/waiting-room.ts'
import { type SiteOptions, snapshotOf } from '../harness.ts'

/** What an upstream does with what it reads: `count` counts reads on this connection from 1. */
export type Script = (socket: net.Socket, text: string, count: number) => void

/** An upstream that does as its script says, and can be given another at any time. */
export type Upstream = {
  readonly port: number
  script: Script
  connections: number
  readonly sockets: Set<net.Socket>
  close(): Promise<void>
}

export const ok: Script = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')

export const startUpstream = async (script: Script = ok): Promise<Upstream> => {
  const server = net.createServer((socket) => {
    upstream.connections += 1
    upstream.sockets.add(socket)
    let count = 0
    socket.on('close', () => upstream.sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk) => upstream.script(socket, chunk.toString('latin1'), ++count))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upstream: Upstream = {
    port: (server.address() as net.AddressInfo).port,
    script,
    connections: 0,
    sockets: new Set(),
    async close() {
      for (const socket of upstream.sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return upstream
}

const TIMEOUTS = { header: 60_000, keep_alive: 75_000, idle: 60_000, response: 60_000 }

export type SceneOptions = {
  readonly timeouts?: SiteOptions['timeouts']
  readonly tenant?: Partial<TenantRoute>
  readonly server?: SiteOptions['server']
  readonly reverse_proxies?: SiteOptions['reverse_proxies']
  readonly routes?: SiteOptions['routes']
  readonly connectionsLimit?: number
  readonly decide?: typeof decide
  /** Straight to the full lane, to compare the lanes. */
  readonly fullLaneOnly?: boolean
  /** The tenant sleeps until `wake()`. */
  readonly asleep?: boolean
}

export type Scene = {
  readonly port: number
  readonly lane: FastLane
  /** Parsed lines of the access log so far. */
  log(): Record<string, unknown>[]
  /** How many connections were handed to the full lane. */
  handedOver: number
  /** Posted to the supervisor. */
  readonly posted: string[]
  traffic(): TrafficReading
  /** The tenant's process is there, on the upstream's port or another. */
  wake(port?: number): void
  tick(seconds: number): void
  close(): Promise<void>
}

const SLOT = 3

/** One tenant at `/`, whose process is the upstream. */
export const startScene = async (upstreamPort: number, options: SceneOptions = {}): Promise<Scene> => {
  const tenant: TenantRoute = { name: 'app', path: '/', startup_timeout: 5_000, track_websockets: true, ...options.tenant }
  const counters = allocateCounters(1)
  const gates = createGateKeeper(counters, 1)
  const turnstile = createTurnstile(counters, 0)
  const routing = createRoutingTable({
    ...snapshotOf({
      timeouts: { ...TIMEOUTS, ...options.timeouts },
      server: options.server ?? {},
      reverse_proxies: options.reverse_proxies ?? [],
      routes: options.routes ?? {},
    }),
    tenants: [tenant],
  })
  const table = () => routing
  const lines: string[] = []
  const log = createAccessLog({ add: (line) => void lines.push(line), flush() {} }, () => {})
  const room = createWaitingRoom({ turnstile, table, post: (message) => void scene.posted.push(message.type), now: Date.now })
  const host = new HostGate({
    door: createHostDoor(counters, 0),
    post: (message) => void scene.posted.push(message.type),
    renewed: () => lane.forget(),
  })
  const cable = createCable({ channel: 'unused', dropped() {} })
  const fullLane = new FullLane({ room, host, cable, turnstile, log, table, post: () => {} })
  const lane = createFastLane({
    turnstile,
    room,
    host,
    table,
    decide: options.decide ?? decide,
    log,
    poisonBuffers: true,
    ...(options.connectionsLimit === undefined ? {} : { connectionsLimit: options.connectionsLimit }),
    handOver(socket, bytes) {
      scene.handedOver += 1
      fullLane.accept(socket, bytes)
      socket.resume()
    },
  })
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ highWaterMark: 1, noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (options.fullLaneOnly === true) fullLane.accept(socket)
    else lane.accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const scene: Scene = {
    port: (server.address() as net.AddressInfo).port,
    lane,
    log: () => lines.map((line) => JSON.parse(line)),
    handedOver: 0,
    posted: [],
    traffic: () => gates.read(SLOT),
    wake(port = upstreamPort) {
      routing.moved({ name: 'app', state: 'ready', admission: { slot: SLOT, ticket: gates.open(SLOT, port) } })
      room.moved('app')
    },
    tick(seconds) {
      for (let i = 0; i < seconds; i++) lane.tick()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      lane.close()
      fullLane.close()
    },
  }
  if (options.asleep !== true) scene.wake()
  return scene
}

/** A client that keeps what it reads. */
export type Talk = {
  readonly socket: net.Socket
  read: string
  readonly closed: Promise<void>
  write(text: string | Buffer): void
  /** Resolves once what was read fits. */
  until(fits: (read: string) => boolean): Promise<string>
}

export const talk = async (port: number): Promise<Talk> => {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  socket.setEncoding('latin1').on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const waits = new Set<() => void>()
  const result: Talk = {
    socket,
    read: '',
    closed,
    write: (text) => void socket.write(text),
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!fits(result.read)) return
          waits.delete(look)
          resolve(result.read)
        }
        waits.add(look)
        void closed.then(() => reject(new Error(`closed after ${JSON.stringify(result.read.slice(0, 500))}`)))
        look()
      }),
  }
  socket.on('data', (text: string) => {
    result.read += text
    for (const look of [...waits]) look()
  })
  await once(socket, 'connect')
  return result
}

/** Sends all, and gives what was read when it fits. */
export const ask = async (port: number, text: string | readonly string[], fits: (read: string) => boolean): Promise<string> => {
  const client = await talk(port)
  for (const piece of typeof text === 'string' ? [text] : text) {
    client.write(piece)
    await new Promise(setImmediate)
  }
  const read = await client.until(fits)
  client.socket.destroy()
  return read
}

/** How often `part` stands in `text`. */
export const count = (text: string, part: string): number => text.split(part).length - 1

/** Looks until it is so, at most 5 s: for what no event tells. */
export const eventually = async (isSo: () => boolean): Promise<void> => {
  const until = performance.now() + 5_000
  while (!isSo()) {
    if (performance.now() > until) throw new Error(`still not so: ${isSo}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
