/**
 * TurboCable: browsers subscribe to streams over WebSockets, apps post what is to be sent. Each worker has the sockets it
 * accepted; what is posted to one of them goes to the others straight, without the supervisor. Outlives reloads.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { BroadcastChannel } from 'node:worker_threads'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Broadcast } from './messages.ts'
import { Subscriber } from './subscriber.ts'

/** Longest message of a client, in bytes; a longer one closes its socket with 1009. */
const MESSAGE_LIMIT_BYTES = 128 * 1024
/** How long a client may take to answer a close. */
const CLOSE_TIMEOUT_MS = 2_000
const LOOK_EVERY_MS = 1_000

export type Cable = {
  /** Takes over an upgrade. Gives false when it is no proper WebSocket handshake: then nothing has been answered. */
  accept(request: IncomingMessage, socket: Socket, head: Buffer): Promise<boolean>
  /** To the subscribers of all workers. Returns at once. */
  broadcast(message: Broadcast): void
  /** Closes all sockets with 1001, and each that still comes. */
  drain(): void
  close(): void
}

export type CableParts = {
  /** Name of the BroadcastChannel that the workers of one navigator have to themselves. */
  readonly channel: string
  /** Hears, at most once a second, how many messages slow clients did not get. */
  dropped(count: number): void
  now?(): number
  readonly lookEveryMs?: number
}

/** One per worker thread. Costs nothing until it is used. */
export const createCable = ({ channel, dropped, now = Date.now, lookEveryMs = LOOK_EVERY_MS }: CableParts): Cable => {
  const room = createRoom()
  const subscribers = new Set<Subscriber>()
  let others: BroadcastChannel | undefined
  let server: Promise<WebSocketServer> | undefined
  let clock: NodeJS.Timeout | undefined
  let isDraining = false

  const look = (): void => {
    let lost = 0
    for (const subscriber of subscribers) {
      subscriber.look()
      lost += subscriber.dropped
      subscriber.dropped = 0
    }
    if (lost > 0) dropped(lost)
  }
  const open = (): BroadcastChannel => {
    others ??= openChannel(channel, room.deliver)
    return others
  }
  const welcome = (socket: WebSocket): void => {
    open()
    const subscriber = new Subscriber(socket, { streams: room, now })
    subscribers.add(subscriber)
    clock ??= setInterval(look, lookEveryMs)
    socket.once('close', () => {
      subscribers.delete(subscriber)
      if (subscribers.size > 0) return
      clearInterval(clock)
      clock = undefined
    })
    if (isDraining) subscriber.goAway()
  }

  return {
    async accept(request, socket, head) {
      server ??= loadServer()
      return shakeHands(await server, { request, socket, head }, welcome)
    },
    broadcast(message) {
      room.deliver(message)
      open().postMessage(message)
    },
    drain() {
      isDraining = true
      for (const subscriber of subscribers) subscriber.goAway()
    },
    close() {
      clearInterval(clock)
      for (const subscriber of subscribers) subscriber.cut()
      others?.close()
    },
  }
}

type Room = {
  join(stream: string, subscriber: Subscriber): void
  leave(stream: string, subscriber: Subscriber): void
  deliver(message: Broadcast): void
}

const createRoom = (): Room => {
  const streams = new Map<string, Set<Subscriber>>()
  return {
    join(stream, subscriber) {
      const members = streams.get(stream)
      if (members === undefined) streams.set(stream, new Set([subscriber]))
      else members.add(subscriber)
    },
    leave(stream, subscriber) {
      const members = streams.get(stream)
      if (members?.delete(subscriber) && members.size === 0) streams.delete(stream)
    },
    deliver({ stream, text }) {
      const members = streams.get(stream)
      if (members === undefined) return
      // Written once for all of them.
      const bytes = Buffer.from(text)
      for (const subscriber of members) subscriber.send(bytes)
    },
  }
}

const openChannel = (name: string, deliver: (message: Broadcast) => void): BroadcastChannel => {
  const channel = new BroadcastChannel(name)
  channel.onmessage = (event) => deliver((event as MessageEvent).data as Broadcast)
  channel.unref()
  return channel
}

/** Loaded when the first socket comes: most sites never have one. */
const loadServer = async (): Promise<WebSocketServer> => {
  const { WebSocketServer } = await import('ws')
  // No subprotocol is ever agreed to: TurboCable has none.
  return new WebSocketServer({
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false, handleProtocols: () => false },
    ...{ maxPayload: MESSAGE_LIMIT_BYTES, closeTimeout: CLOSE_TIMEOUT_MS },
  })
}

type Handshake = { readonly request: IncomingMessage; readonly socket: Socket; readonly head: Buffer }

const shakeHands = (server: WebSocketServer, { request, socket, head }: Handshake, welcome: (socket: WebSocket) => void): boolean => {
  let isRefused = false
  const refuse = (_: Error, refused: unknown): void => {
    isRefused ||= refused === socket
  }
  // ws answers a bad handshake itself unless somebody listens. It finds fault at once, so only this one's is heard.
  server.once('wsClientError', refuse)
  server.handleUpgrade(request, socket, head, welcome)
  server.off('wsClientError', refuse)
  return !isRefused
}
