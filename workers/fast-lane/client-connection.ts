/** One client connection: its requests one after the other, each ended exactly once. */
import type { Socket } from 'node:net'
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import { codingFor } from '../compression-policy.ts'
import type { Decision, Pending, ResponseType, Verdict } from '../exchange.ts'
import { isHealthCheck, Presence } from '../host-gate.ts'
import { errorAnswer } from '../responses.ts'
import type { Place } from '../routing-table.ts'
import { takeBack } from '../steps/rate-limit.ts'
import { enterTenant } from './admission.ts'
import { answer, answerWithFile, fieldLines } from './answer.ts'
import { detach } from './client-socket.ts'
import { DECLINED, INCOMPLETE } from './field-line.ts'
import { HeadExchange } from './head-exchange.ts'
import { holdBack } from './hold-back.ts'
import type { LaneState } from './lane-state.ts'
import { enterUpstream } from './local-upstream.ts'
import { parseRequestHead } from './request-head.ts'
import { logRequest } from './request-log.ts'
import { deadlineAfter, LINGER_MS } from './timeouts.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

/** `closing`: all has been said, what still comes is dropped. */
export type ClientPhase = 'head' | 'held' | 'waiting' | 'relaying' | 'tunnel' | 'closing' | 'handed over' | 'closed'

const HEAD_LIMIT_BYTES = 32 * 1024
const EARLY_LIMIT_BYTES = 64 * 1024
/** A head in more pieces is left to the full lane: reading it anew with each piece would cost ever more. */
const PIECES_LIMIT = 16

export class ClientConnection {
  readonly socket: Socket
  readonly lane: LaneState
  readonly exchange: HeadExchange
  phase: ClientPhase = 'head'
  /** Octets that have come before their turn, or a part of a head. */
  early: Buffer | undefined
  /** Of the lane's clock. */
  deadline: number
  /** Close after this response. */
  close = false
  isPaused = false
  bodyLeft = 0
  upstream: UpstreamConnection | undefined
  tenant: TenantRoute | undefined
  readonly presence: Presence
  place: Place | undefined
  /** The slot whose open sockets this tunnel is counted among. */
  socketSlot = -1
  /** Head and first octets of the body as sent upstream, to be sent once more if need be. */
  sentText = ''
  hasRetried = false
  wasRefused = false
  isHeadSent = false
  status = 0
  bytesSent = 0
  startedAt = 0
  responseType: ResponseType | undefined
  errorMessage: string | undefined
  destination: string | undefined
  /** Lines that go into the head of the response. */
  addedFields = ''
  filePath: string | undefined
  /** Aborted when the client goes while it waits for its tenant. */
  gone: AbortController | undefined
  #pieces = 0
  #isAdvancing = false

  constructor(socket: Socket, lane: LaneState) {
    this.socket = socket
    this.lane = lane
    this.exchange = new HeadExchange(socket)
    this.presence = new Presence(lane.options.host)
    this.deadline = deadlineAfter(lane.clock, this.timeouts.header)
  }

  get timeouts() {
    return this.lane.options.table().snapshot.server.timeouts
  }

  expectWithin(ms: number): void {
    this.deadline = deadlineAfter(this.lane.clock, ms)
  }

  /** Keeps octets for later. A client that sends far ahead is not read from meanwhile. */
  keepEarly(chunk: Buffer): void {
    this.early = this.early === undefined ? chunk : Buffer.concat([this.early, chunk])
    if (this.early.length > EARLY_LIMIT_BYTES) this.pause()
  }

  /** Takes up the next request if it is here, and the client has room for its answer. */
  advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    while (this.phase === 'head' && this.early !== undefined && !this.socket.writableNeedDrain) if (!this.#takeHead(this.early)) break
    this.#isAdvancing = false
  }

  pause(): void {
    this.isPaused = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.socket.resume()
  }

  /** The answer has been written: ends the request and turns to the next, or to the end. */
  requestDone(): void {
    this.endRequest()
    this.sentText = ''
    if (this.close || this.lane.isDraining) {
      this.endSocket()
      return
    }
    this.phase = 'head'
    this.expectWithin(this.timeouts.keep_alive)
    this.resume()
    if (this.early !== undefined) this.advance()
  }

  /** Gives up its place and writes the log. Exactly once for each request. */
  endRequest(): void {
    this.leave()
    this.presence.leave()
    if (this.socketSlot !== -1) this.lane.options.turnstile.socketClosed(this.socketSlot)
    this.socketSlot = -1
    this.gone = undefined
    logRequest(this)
  }

  leave(): void {
    if (this.place === undefined) return
    this.lane.options.turnstile.leave(this.place.slot)
    this.place = undefined
  }

  /** What is left of the body will not be read: skips what is here, and lets this be the last request otherwise. */
  skipBody(): void {
    const here = this.early === undefined ? 0 : Math.min(this.early.length, this.bodyLeft)
    this.bodyLeft -= here
    if (here > 0) this.early = here === this.early!.length ? undefined : this.early!.subarray(here)
    if (this.bodyLeft > 0) this.close = true
  }

  /** Says the last word, and waits a little for the client to close: closing at once could destroy what it has yet to read. */
  endSocket(): void {
    this.phase = 'closing'
    this.early = undefined
    this.expectWithin(LINGER_MS)
    this.resume()
    this.socket.end()
  }

  /** Gives false when no whole head is here yet, or the connection is no longer ours. */
  #takeHead(bytes: Buffer): boolean {
    const { head, options } = this.lane
    const routing = options.table()
    head.trustProxy = routing.trusts(this.exchange.peer)
    const length = parseRequestHead(bytes, bytes.length, head)
    if (length === INCOMPLETE && bytes.length <= HEAD_LIMIT_BYTES && this.#pieces < PIECES_LIMIT) {
      if (this.#pieces++ === 0) this.expectWithin(this.timeouts.header)
      return false
    }
    this.#pieces = 0
    if (length === INCOMPLETE || length === DECLINED || length > HEAD_LIMIT_BYTES) return this.#handOver(bytes)
    this.exchange.fill(bytes, head, routing)
    if (!isHealthCheck(this.exchange) && !this.presence.enter()) return holdBack(this)
    this.#begin(head.close, Math.max(0, head.contentLength))
    return this.#decide(bytes, length)
  }

  #begin(close: boolean, bodyLength: number): void {
    this.startedAt = performance.now()
    this.close = close || this.lane.isDraining
    this.bodyLeft = bodyLength
    this.hasRetried = false
    this.wasRefused = false
    this.isHeadSent = false
    this.status = 0
    this.bytesSent = 0
    this.tenant = undefined
    this.responseType = undefined
    this.errorMessage = undefined
    this.destination = undefined
    this.addedFields = ''
    this.filePath = undefined
  }

  #decide(bytes: Buffer, headLength: number, decision: Decision = this.#decision()): boolean {
    if (decision.kind === 'pending') return this.#waitFor(decision, headLength)
    this.early = headLength === bytes.length ? undefined : bytes.subarray(headLength)
    if (this.#carryOut(decision)) return true
    takeBack(this.exchange)
    return this.#handOver(bytes)
  }

  /** The head stays in `early` meanwhile. Whoever checks the password has a limit of its own. */
  #waitFor({ settled }: Pending, headLength: number): false {
    this.phase = 'waiting'
    this.deadline = Number.POSITIVE_INFINITY
    void settled.then((verdict) => {
      if (this.phase !== 'waiting') return
      this.phase = 'head'
      this.#decide(this.early!, headLength, verdict)
      this.advance()
    })
    return false
  }

  /** A step that throws fails its request, not the thread. */
  #decision(): Decision {
    try {
      return this.lane.options.decide(this.exchange)
    } catch (error) {
      return errorAnswer(this.exchange, 500, { errorMessage: String(error) })
    }
  }

  /** Gives false for what the full lane has to do. */
  #carryOut(verdict: Verdict): boolean {
    this.addedFields = fieldLines('setHeaders' in verdict ? verdict.setHeaders : undefined)
    switch (verdict.kind) {
      case 'respond':
        answer(this, verdict)
        return true
      case 'tenant':
        return codingFor(this.exchange) === undefined && enterTenant(this, verdict.tenant)
      case 'upstream':
        return codingFor(this.exchange) === undefined && enterUpstream(this, verdict)
      case 'file':
        return this.bodyLeft === 0 && answerWithFile(this, verdict)
      default:
        return false
    }
  }

  #handOver(bytes: Buffer): false {
    this.presence.leave()
    this.phase = 'handed over'
    this.early = undefined
    this.lane.connections.delete(this)
    detach(this.socket)
    this.isPaused = false
    this.lane.options.handOver(this.socket, bytes)
    return false
  }
}
