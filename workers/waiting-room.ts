/** Where requests wait for a tenant's process to take them. One room per worker thread. */
import type { Turnstile } from '../src/protocol/counters.ts'
import type { WorkerMessage } from '../src/protocol/messages.ts'
import type { TenantRoute } from '../src/protocol/routing-snapshot.ts'
import type { Place, RoutingTable } from './routing-table.ts'

export type Outcome =
  /** In. To be paired with exactly one `turnstile.leave(slot)`. */
  | Place
  /** A browser has waited longer than the tenant's startup_timeout: show it the maintenance page. */
  | { readonly kind: 'slow' }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterS: number }
  /** Too many wait already. */
  | { readonly kind: 'full' }
  /** A patient client has waited longer than queue.timeout. */
  | { readonly kind: 'timeout' }
  /** The signal was aborted. */
  | { readonly kind: 'gone' }

export type WaitOptions = {
  /** Not a browser that could show a maintenance page: waits up to queue.timeout. See `isPatient`. */
  readonly patient: boolean
  readonly signal?: AbortSignal
}

export type WaitingRoom = {
  /** In at once, or undefined: then `wait`. Synchronous, allocates nothing. */
  tryEnter(tenant: TenantRoute): Place | undefined
  /** Has the tenant woken and waits for it. */
  wait(tenant: TenantRoute, options: WaitOptions): Promise<Outcome>
  /**
   * After the tenant's process refused a connection: says so, and waits until the tenant has moved on, or 2 s, to go in once
   * more. Leave the place first.
   */
  refused(tenant: TenantRoute, place: Place, options: WaitOptions): Promise<Outcome>
  /** To be called after the routing table took in what changed: one tenant, or all of them after a reload. */
  moved(name?: string): void
  /** How many wait for all tenants. */
  size(): number
}

type Waiter = {
  readonly tenant: TenantRoute
  readonly since: number
  readonly patient: boolean
  readonly settle: (outcome: Outcome) => void
  /** A ticket that was refused, not to be tried again before `shunUntil`. 0 = none. */
  shunned: number
  readonly shunUntil: number
}

type Line = { readonly waiters: Set<Waiter>; requestedAt: number }

const TICK_MS = 250
const REPEAT_REQUEST_MS = 1000
const REFUSED_WAIT_MS = 2000
// A stop that was called off reopens the gate at once, and tells nobody.
const SECOND_LOOK_MS = 10

export type WaitingRoomParts = {
  readonly turnstile: Turnstile
  /** The routing table as it is now. */
  table(): RoutingTable
  post(message: WorkerMessage): void
  /** Epoch ms. */
  now(): number
}

/** One per worker thread. */
export const createWaitingRoom = (parts: WaitingRoomParts): WaitingRoom => new Room(parts)

class Room implements WaitingRoom {
  readonly #parts: WaitingRoomParts
  readonly #lines = new Map<string, Line>()
  #ticker: NodeJS.Timeout | undefined

  constructor(parts: WaitingRoomParts) {
    this.#parts = parts
  }

  tryEnter(tenant: TenantRoute): Place | undefined {
    const place = this.#parts.table().place(tenant.name)
    return place !== undefined && this.#parts.turnstile.enter(place) ? place : undefined
  }

  async wait(tenant: TenantRoute, options: WaitOptions): Promise<Outcome> {
    return this.tryEnter(tenant) ?? this.#admit(tenant, options, 0)
  }

  async refused(tenant: TenantRoute, place: Place, options: WaitOptions): Promise<Outcome> {
    this.#parts.post({ type: 'tenant.refused', tenant: tenant.name, ticket: place.ticket })
    return this.#admit(tenant, options, place.ticket)
  }

  moved(name?: string): void {
    for (const [tenant, line] of name === undefined ? this.#lines : oneLine(this.#lines, name)) {
      if (name === undefined) dismissRemoved(line, this.#parts.table())
      this.#review(line)
      if (line.waiters.size > 0) this.#request(tenant, line)
    }
  }

  size(): number {
    return [...this.#lines.values()].reduce((sum, line) => sum + line.waiters.size, 0)
  }

  #admit(tenant: TenantRoute, options: WaitOptions, shunned: number): Outcome | Promise<Outcome> {
    if (options.signal?.aborted === true) return { kind: 'gone' }
    const failure = this.#failureOf(tenant.name)
    if (failure !== undefined) return failure
    const waiting = this.#lines.get(tenant.name)?.waiters.size ?? 0
    if (waiting >= this.#parts.table().snapshot.queue.max_size) return { kind: 'full' }
    return this.#queue(tenant, options, shunned)
  }

  #queue(tenant: TenantRoute, options: WaitOptions, shunned: number): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const since = this.#parts.now()
    const line = this.#lineFor(tenant.name)
    const settle = (outcome: Outcome): void => {
      if (!line.waiters.delete(waiter)) return
      options.signal?.removeEventListener('abort', leave)
      this.#forget(tenant.name, line)
      resolve(outcome)
    }
    const leave = (): void => settle({ kind: 'gone' })
    const waiter: Waiter = { tenant, since, patient: options.patient, settle, shunned, shunUntil: since + REFUSED_WAIT_MS }
    line.waiters.add(waiter)
    options.signal?.addEventListener('abort', leave)
    if (line.waiters.size === 1) this.#begin(tenant.name, line)
    return promise
  }

  #begin(name: string, line: Line): void {
    this.#request(name, line)
    if (this.#parts.table().place(name) !== undefined) setTimeout(() => this.#review(line), SECOND_LOOK_MS)
  }

  #request(name: string, line: Line): void {
    line.requestedAt = this.#parts.now()
    this.#parts.post({ type: 'tenant.requested', tenant: name })
  }

  #review(line: Line): void {
    for (const waiter of line.waiters) {
      const outcome = this.#outcomeFor(waiter)
      if (outcome !== undefined) waiter.settle(outcome)
    }
  }

  /** What a waiter gets now, or undefined: it waits on. */
  #outcomeFor({ tenant, since, patient, shunned, shunUntil }: Waiter): Outcome | undefined {
    const now = this.#parts.now()
    const place = this.#parts.table().place(tenant.name)
    const isShunned = place?.ticket === shunned && now < shunUntil
    if (place !== undefined && !isShunned && this.#parts.turnstile.enter(place)) return place
    const failure = this.#failureOf(tenant.name)
    if (failure !== undefined) return failure
    if (!patient) return now - since >= tenant.startup_timeout ? { kind: 'slow' } : undefined
    return now - since >= this.#parts.table().snapshot.queue.timeout ? { kind: 'timeout' } : undefined
  }

  #failureOf(name: string): Outcome | undefined {
    const failure = this.#parts.table().standing(name)?.failure
    const now = this.#parts.now()
    return failure !== undefined && failure.retryAt > now ? failed(failure.reason, failure.retryAt - now) : undefined
  }

  #tick(): void {
    for (const [name, line] of this.#lines) {
      this.#review(line)
      if (line.waiters.size > 0 && this.#parts.now() - line.requestedAt >= REPEAT_REQUEST_MS) this.#request(name, line)
    }
  }

  #lineFor(name: string): Line {
    const line = this.#lines.get(name) ?? { waiters: new Set(), requestedAt: 0 }
    this.#lines.set(name, line)
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS)
    return line
  }

  #forget(name: string, line: Line): void {
    if (line.waiters.size > 0) return
    this.#lines.delete(name)
    if (this.#lines.size > 0) return
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }
}

/** Sends away who waits for a tenant that a reload has removed. */
const dismissRemoved = (line: Line, table: RoutingTable): void => {
  for (const { tenant, settle } of line.waiters) {
    if (table.findTenant(tenant.host, tenant.path)?.name !== tenant.name) settle(failed('it is no longer configured', 0))
  }
}

const oneLine = (lines: ReadonlyMap<string, Line>, name: string): readonly (readonly [string, Line])[] => {
  const line = lines.get(name)
  return line === undefined ? [] : [[name, line]]
}

const failed = (reason: string, inMs: number): Outcome => ({ kind: 'failed', reason, retryAfterS: Math.max(1, Math.ceil(inMs / 1000)) })
