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

export const createWaitingRoom = (room: {
  readonly turnstile: Turnstile
  /** The routing table as it is now. */
  table(): RoutingTable
  post(message: WorkerMessage): void
  /** Epoch ms. */
  now(): number
}): WaitingRoom => {
  const lines = new Map<string, Line>()
  let ticker: NodeJS.Timeout | undefined

  const tryEnter = (tenant: TenantRoute): Place | undefined => {
    const place = room.table().place(tenant.name)
    return place !== undefined && room.turnstile.enter(place) ? place : undefined
  }

  const request = (name: string, line: Line): void => {
    line.requestedAt = room.now()
    room.post({ type: 'tenant.requested', tenant: name })
  }

  /** What a waiter gets now, or undefined: it waits on. */
  const outcomeFor = (waiter: Waiter): Outcome | undefined => {
    const now = room.now()
    const { tenant } = waiter
    const place = room.table().place(tenant.name)
    const isShunned = place?.ticket === waiter.shunned && now < waiter.shunUntil
    if (place !== undefined && !isShunned && room.turnstile.enter(place)) return place
    const failure = room.table().standing(tenant.name)?.failure
    if (failure !== undefined && failure.retryAt > now) return failed(failure.reason, failure.retryAt - now)
    if (!waiter.patient) return now - waiter.since >= tenant.startup_timeout ? { kind: 'slow' } : undefined
    return now - waiter.since >= room.table().snapshot.queue.timeout ? { kind: 'timeout' } : undefined
  }

  const review = (line: Line): void => {
    for (const waiter of line.waiters) {
      const outcome = outcomeFor(waiter)
      if (outcome !== undefined) waiter.settle(outcome)
    }
  }

  const tick = (): void => {
    for (const [name, line] of lines) {
      review(line)
      if (line.waiters.size > 0 && room.now() - line.requestedAt >= REPEAT_REQUEST_MS) request(name, line)
    }
  }

  const lineFor = (name: string): Line => {
    const line = lines.get(name) ?? { waiters: new Set(), requestedAt: 0 }
    lines.set(name, line)
    ticker ??= setInterval(tick, TICK_MS)
    return line
  }

  const forget = (name: string, line: Line): void => {
    if (line.waiters.size > 0) return
    lines.delete(name)
    if (lines.size > 0) return
    clearInterval(ticker)
    ticker = undefined
  }

  const queue = (tenant: TenantRoute, options: WaitOptions, shunned: number): Promise<Outcome> =>
    new Promise((resolve) => {
      const since = room.now()
      const settle = (outcome: Outcome): void => {
        if (!line.waiters.delete(waiter)) return
        options.signal?.removeEventListener('abort', leave)
        forget(tenant.name, line)
        resolve(outcome)
      }
      const leave = (): void => settle({ kind: 'gone' })
      const waiter: Waiter = { tenant, since, patient: options.patient, settle, shunned, shunUntil: since + REFUSED_WAIT_MS }
      const line = lineFor(tenant.name)
      const isFirst = line.waiters.size === 0
      line.waiters.add(waiter)
      options.signal?.addEventListener('abort', leave)
      if (isFirst) request(tenant.name, line)
      if (isFirst && room.table().place(tenant.name) !== undefined) setTimeout(review, SECOND_LOOK_MS, line)
    })

  const admit = async (tenant: TenantRoute, options: WaitOptions, shunned: number): Promise<Outcome> => {
    if (options.signal?.aborted === true) return { kind: 'gone' }
    const failure = room.table().standing(tenant.name)?.failure
    if (failure !== undefined && failure.retryAt > room.now()) return failed(failure.reason, failure.retryAt - room.now())
    if ((lines.get(tenant.name)?.waiters.size ?? 0) >= room.table().snapshot.queue.max_size) return { kind: 'full' }
    return queue(tenant, options, shunned)
  }

  return {
    tryEnter,
    wait: async (tenant, options) => tryEnter(tenant) ?? admit(tenant, options, 0),
    refused(tenant, place, options) {
      room.post({ type: 'tenant.refused', tenant: tenant.name, ticket: place.ticket })
      return admit(tenant, options, place.ticket)
    },
    moved(name) {
      for (const [tenant, line] of name === undefined ? lines : oneLine(lines, name)) {
        if (name === undefined) dismissRemoved(line, room.table())
        review(line)
        if (line.waiters.size > 0) request(tenant, line)
      }
    },
    size: () => [...lines.values()].reduce((sum, line) => sum + line.waiters.size, 0),
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
