/** One request's way through the full lane: what it holds, and what the access log will say of it. */
import type { IncomingMessage } from 'node:http'
import type { AccessLog } from '../../src/log/access-log.ts'
import type { Turnstile } from '../../src/protocol/counters.ts'
import type { Exchange, HeaderList, ResponseType } from '../exchange.ts'
import { clientAddress } from '../forwarding.ts'
import type { Presence } from '../host-gate.ts'
import type { Place } from '../routing-table.ts'
import { hasBody, type Target } from './request-head.ts'

/** The client went away before it had its answer. Only the log ever sees it. */
const CLIENT_CLOSED = 499
const BODY_FIELDS: readonly string[] = ['content-length', 'content-type', 'transfer-encoding', 'expect']

/** Ends exactly once, when the client has its whole answer or its connection is gone, and then holds no place any more. */
export class Passage {
  readonly request: IncomingMessage
  readonly exchange: Exchange
  hasBody: boolean
  /** How often a CGI script has led on to another path. */
  localRedirects = 0
  /** Whether the client holds its body back until it is told to continue. */
  readonly expectsContinue: boolean
  status = 0
  bytesSent = 0
  responseType: ResponseType | undefined
  tenant: string | undefined
  destination: string | undefined
  filePath: string | undefined
  errorMessage: string | undefined
  /** Fields that go onto the response beside the upstream's own. */
  setHeaders: HeaderList = []
  /** Among those that keep the machine awake. */
  presence: Presence | undefined
  isOver = false
  /** Set for an upgrade once it was granted or refused: then the end of its socket is no failure. */
  isAnswered = false
  readonly #turnstile: Turnstile
  readonly #log: AccessLog
  readonly #startedAt = performance.now()
  readonly #whenOver: (() => void)[] = []
  #place: Place | undefined
  /** Set when a script has led on to another path. */
  #sent: { readonly method: string; readonly uri: string } | undefined
  #gone: AbortController | undefined

  constructor(parts: { request: IncomingMessage; exchange: Exchange; turnstile: Turnstile; log: AccessLog }) {
    this.request = parts.request
    this.exchange = parts.exchange
    this.hasBody = hasBody(parts.request)
    this.expectsContinue = parts.request.httpVersion === '1.1' && /100-continue/i.test(parts.exchange.header('expect') ?? '')
    this.#turnstile = parts.turnstile
    this.#log = parts.log
  }

  /** Aborted when the passage is over. Made when first asked for. */
  get signal(): AbortSignal {
    this.#gone ??= new AbortController()
    if (this.isOver) this.#gone.abort()
    return this.#gone.signal
  }

  /** Takes over a place that was entered; one that comes too late is left at once. */
  hold(place: Place): void {
    if (this.isOver) this.#turnstile.leave(place.slot)
    else this.#place = place
  }

  /** Leaves the place, if one is held. */
  leave(): void {
    if (this.#place === undefined) return
    this.#turnstile.leave(this.#place.slot)
    this.#place = undefined
  }

  /** Exchanges the place in flight for that of an open socket, which is left when the passage is over. */
  becomeSocket(): void {
    const slot = this.#place?.slot
    if (slot === undefined) return
    this.#turnstile.socketOpened(slot)
    this.onceOver(() => this.#turnstile.socketClosed(slot))
    this.leave()
  }

  /** Goes on as a GET, or a HEAD, of another path and query, without the body it came with. */
  becomeGet({ path, query }: Pick<Target, 'path' | 'query'>): void {
    const { request } = this
    request.method = request.method === 'HEAD' ? 'HEAD' : 'GET'
    for (const name of BODY_FIELDS) delete request.headers[name]
    request.rawHeaders = request.rawHeaders.filter((_, index, all) => !BODY_FIELDS.includes(all[index & ~1]!.toLowerCase()))
    this.hasBody = false
    const { exchange } = this
    this.#sent ??= { method: exchange.method, uri: exchange.rewrittenFrom ?? exchange.path + exchange.query }
    // Rewrites begin with what was sent: from here on that is this path.
    Object.assign(exchange, { method: request.method, path, query, rewrittenFrom: undefined })
  }

  onceOver(task: () => void): void {
    if (this.isOver) task()
    else this.#whenOver.push(task)
  }

  /** `complete` when the client has all of its answer. */
  end(complete: boolean): void {
    if (this.isOver) return
    this.isOver = true
    this.leave()
    this.presence?.leave()
    this.#gone?.abort()
    for (const task of this.#whenOver) task()
    if (!complete && this.errorMessage === undefined) {
      this.status = CLIENT_CLOSED
      this.responseType = 'client_closed'
    }
    this.#writeLog()
  }

  #writeLog(): void {
    const { method, path, query, rewrittenFrom, peer, header, requestId, routing, user } = this.exchange
    const uri = this.#sent?.uri ?? rewrittenFrom
    this.#log.record({
      doneAt: Date.now(),
      clientIp: clientAddress(peer, header('x-forwarded-for'), routing.trusts(peer)),
      remoteUser: user ?? '-',
      method: this.#sent?.method ?? method,
      uri: uri ?? path + query,
      rewrittenUri: uri && path + query,
      protocol: `HTTP/${this.request.httpVersion}`,
      status: this.status,
      bodyBytesSent: this.bytesSent,
      requestId,
      requestTimeMs: performance.now() - this.#startedAt,
      referer: header('referer') ?? '',
      userAgent: header('user-agent') ?? '',
      flyRequestId: header('fly-request-id') ?? '',
      tenant: this.tenant,
      proxyBackend: this.tenant && `tenant:${this.tenant}`,
      responseType: this.responseType,
      destination: this.destination,
      filePath: this.filePath,
      errorMessage: this.errorMessage,
    })
  }
}
