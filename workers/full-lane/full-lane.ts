/** The lane for everything: node:http parses strictly, http-proxy-3 carries. Slow beside the fast lane, and complete. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { AccessLog } from '../../src/log/access-log.ts'
import type { Turnstile } from '../../src/protocol/counters.ts'
import type { WorkerMessage } from '../../src/protocol/messages.ts'
import type { Cable } from '../cable/cable.ts'
import type { Verdict } from '../exchange.ts'
import { createLookup } from '../fly/lookup.ts'
import { type HostGate, isHealthCheck, Presence } from '../host-gate.ts'
import type { Lane } from '../lane.ts'
import { peerOf } from '../peer.ts'
import { decideInTime, foresee } from '../pipeline.ts'
import { errorAnswer } from '../responses.ts'
import type { RoutingTable } from '../routing-table.ts'
import type { WaitingRoom } from '../waiting-room.ts'
import { type Agents, createAgents } from './agents.ts'
import { sendAnswer } from './answer.ts'
import { carryOut } from './carry.ts'
import { applyTimeouts, createParser } from './parser.ts'
import { Passage } from './passage.ts'
import { createProxy } from './proxy.ts'
import { refuseConnection, statusOfParseError } from './refusal.ts'
import { findFault, isWebSocketUpgrade, readExchange, readTarget, type Target } from './request-head.ts'
import { carryUpgrade } from './tunnel.ts'

export type FullLaneParts = {
  readonly room: WaitingRoom
  readonly host: HostGate
  readonly turnstile: Turnstile
  readonly log: AccessLog
  readonly cable: Cable
  post(message: WorkerMessage): void
  /** The routing table as it is now. */
  table(): RoutingTable
}

// A connection that was handed over is told to close after so many, so that a browser's next one begins in the fast lane.
const REQUESTS_PER_HANDOVER = 100
const NO_TARGET: Target = { path: '', query: '', authority: undefined }

/** Worker thread. */
export class FullLane implements Lane {
  readonly #parts: FullLaneParts
  readonly #agents: Agents
  readonly #proxy = createProxy()
  readonly #server: Server
  /** Passages of each connection: more than one when a client pipelines. */
  readonly #connections = new Map<Socket, Set<Passage>>()
  /** How many more requests each handed-over connection may carry. */
  readonly #left = new WeakMap<Socket, number>()
  #isDraining = false

  constructor(parts: FullLaneParts) {
    this.#parts = parts
    this.#agents = createAgents(createLookup(() => parts.table().snapshot.routes.fly?.dns))
    this.#server = createParser((request) => this.#mayUpgrade(request))
    this.#server.on('request', (request, response) => this.#onRequest(request, response))
    this.#server.on('checkContinue', (request, response) => this.#onRequest(request, response))
    this.#server.on('checkExpectation', (request, response) => this.#onRequest(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head))
    this.#server.on('connect', (_, socket) => this.#refuse(socket as Socket, 501, 'CONNECT'))
    this.#server.on('clientError', (error, socket) => this.#onClientError(error, socket as Socket))
    this.#server.on('timeout', (socket) => this.#onSilence(socket))
  }

  accept(socket: Socket, bytesRead?: Buffer): void {
    const passages = new Set<Passage>()
    this.#connections.set(socket, passages)
    // node:http takes its own listener away with an upgrade, a CONNECT or a malformed request.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      this.#connections.delete(socket)
      for (const passage of passages) passage.end(passage.isAnswered)
    })
    applyTimeouts(this.#server, this.#parts.table().snapshot.server.timeouts)
    if (bytesRead !== undefined) {
      this.#left.set(socket, REQUESTS_PER_HANDOVER)
      if (bytesRead.length > 0) socket.unshift(bytesRead)
    }
    this.#server.emit('connection', socket)
    // Whoever handed it over may have paused it: then a listener alone does not make it flow again.
    socket.resume()
  }

  forget(): void {
    this.#agents.forget()
  }

  drain(): void {
    this.#isDraining = true
    this.#parts.cable.drain()
    for (const [socket, passages] of this.#connections) if (passages.size === 0) socket.end()
  }

  close(): void {
    this.#server.close()
    this.#agents.destroy()
    this.#parts.cable.close()
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const fault = findFault(request)
    const target = readTarget(request.url)
    const passage = this.#openPassage(request, target ?? NO_TARGET)
    response.once('close', () => passage.end(response.writableFinished))
    response.once('error', () => request.socket.destroy())
    // node:http keeps HTTP/1.0 connections alive on a client's word; who reads on there must be sure where a message ends.
    if (this.#isDraining || request.httpVersion === '1.0' || this.#isLastOf(request.socket)) response.shouldKeepAlive = false
    if (fault !== undefined || target === undefined) {
      const { status, reason } = fault ?? { status: 400, reason: 'The request target is malformed' }
      sendAnswer(passage, response, errorAnswer(passage.exchange, status, { reason }), { close: true })
      return
    }
    guard(passage, this.#parts, (verdict) => carryOut(verdict, { passage, response, carrier: this.#carrier }))
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const isPipelined = (this.#connections.get(socket)?.size ?? 0) > 0
    const target = readTarget(request.url)
    if (isPipelined || target === undefined) {
      socket.destroy()
      return
    }
    const passage = this.#openPassage(request, target)
    guard(passage, this.#parts, (verdict) => carryUpgrade(verdict, { passage, socket, head, carrier: this.#carrier }))
  }

  get #carrier() {
    return { room: this.#parts.room, proxy: this.#proxy, agents: this.#agents, cable: this.#parts.cable, post: this.#parts.post }
  }

  #openPassage(request: IncomingMessage, target: Target): Passage {
    const exchange = this.#readExchange(request, target)
    const passage = new Passage({ request, exchange, turnstile: this.#parts.turnstile, log: this.#parts.log })
    const { socket } = request
    const passages = this.#connections.get(socket)
    passages?.add(passage)
    passage.onceOver(() => {
      passages?.delete(passage)
      if (this.#isDraining && passages?.size === 0) socket.end()
    })
    return passage
  }

  #isLastOf(socket: Socket): boolean {
    const left = this.#left.get(socket)
    if (left === undefined) return false
    this.#left.set(socket, left - 1)
    return left <= 1
  }

  #readExchange(request: IncomingMessage, target: Target) {
    return readExchange(request, { target, peer: peerOf(request.socket), routing: this.#parts.table() })
  }

  /** What may not is taken for an ordinary request, and its Upgrade goes no further. */
  #mayUpgrade(request: IncomingMessage): boolean {
    const target = readTarget(request.url)
    if (!isWebSocketUpgrade(request) || target === undefined || findFault(request) !== undefined) return false
    const verdict = foresee(this.#readExchange(request, target))
    if (verdict.kind === 'upstream') return verdict.rule.websocket
    return verdict.kind === 'tenant' || verdict.kind === 'respond' || verdict.kind === 'cable'
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const isBusy = (this.#connections.get(socket)?.size ?? 0) > 0
    if (isBusy || !socket.writable || error.code === 'ECONNRESET' || socket.bytesRead === 0) socket.destroy()
    else this.#refuse(socket, statusOfParseError(error.code), error.message)
  }

  #refuse(socket: Socket, status: number, cause: string): void {
    refuseConnection(socket, { status, cause, routing: this.#parts.table(), log: this.#parts.log })
  }

  /** A silence that is an upstream's is limited by `timeouts.response` and the waiting room instead. */
  #onSilence(socket: Socket): void {
    const passages = [...(this.#connections.get(socket) ?? [])]
    if (!passages.some(({ request, status }) => request.complete && status === 0)) socket.destroy()
  }
}

/** Nothing that carrying a request throws may end the thread: the request fails, and what it held is given back. */
const guard = async (passage: Passage, parts: FullLaneParts, carry: (verdict: Verdict) => Promise<void>): Promise<void> => {
  try {
    if (!comeIn(passage, parts)) await holdBack(passage, parts)
    if (passage.isOver) return
    const verdict = decideInTime(passage.exchange)
    // Synchronous where nothing has to be waited for: node:http expects an upgrade to be taken up at once.
    await carry(verdict instanceof Promise ? await verdict : verdict)
  } catch (error) {
    passage.status = 500
    passage.responseType = 'error'
    passage.errorMessage = String(error)
    passage.request.socket.destroy()
    passage.end(false)
  }
}

const comeIn = (passage: Passage, { host }: FullLaneParts): boolean => {
  if (isHealthCheck(passage.exchange)) return true
  passage.presence ??= new Presence(host)
  return passage.presence.enter()
}

/** Until the machine may be used, or the client is gone. Then it goes by the routing of then. */
const holdBack = async (passage: Passage, parts: FullLaneParts): Promise<void> => {
  do {
    await new Promise<void>((resolve) => {
      passage.onceOver(resolve)
      parts.host.hold(resolve, passage.signal)
    })
  } while (!passage.isOver && !comeIn(passage, parts))
  Object.assign(passage.exchange, { routing: parts.table() })
}
