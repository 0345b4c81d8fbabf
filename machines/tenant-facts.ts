/** What the tenant machine is told, hears and remembers. */
import type { Failure, LastExit, ProcessExit } from './backoff.ts'

/** Durations that may change while it runs, in ms. */
export type TenantTimes = {
  /** How long a start may take before it has failed. */
  readonly readyTimeoutMs: number
  readonly idleTimeoutMs: number
  /** How long requests in flight may go on once a stop was ordered. */
  readonly drainTimeoutMs: number
  /** Between SIGTERM and SIGKILL. */
  readonly stopTimeoutMs: number
}

export type TenantInput = TenantTimes & {
  /** Unique among all generations of all tenants. */
  readonly id: string
  /** Takes the place of a generation that still runs: it needs no place of its own in the pool. */
  readonly isReplacement: boolean
}

/** Why it was stopped last. After `reload` and `shutdown` it never starts again. */
export type StopReason = 'idle' | 'operator' | 'reload' | 'shutdown' | 'eviction' | 'memory'

/** The running process as its actor reports it. `slot` is its place in the counters. */
export type Running = { readonly pid: number; readonly port: number; readonly slot: number }

/** `moment` says which hooks. */
export type HooksInput = { readonly id: string; readonly moment: 'start' | 'stop'; readonly running: Running | undefined }

export type TenantEvent =
  /** A worker holds at least one request for this tenant. Repeated until the tenant is ready. */
  | { type: 'tenant.requested' }
  /** The process refused a connection though the gate showed this ticket. */
  | { type: 'tenant.refused'; ticket: number }
  /** Timeouts changed by a reload that leaves the process alone. */
  | { type: 'tenant.retuned'; times: TenantTimes }
  | { type: 'tenant.stop'; reason: Exclude<StopReason, 'idle'> }
  /** The counters moved, or something is in flight. */
  | { type: 'traffic.seen' }
  /** Nothing in flight, no socket to mind, no new request since the last sample. */
  | { type: 'traffic.quiet' }
  /** The pool has a place and a start permit for this tenant. */
  | { type: 'start.granted' }
  | { type: 'process.started'; running: Running }
  /** Exactly once for each process, also for one that could not be started. */
  | { type: 'process.exited'; exit: ProcessExit }
  | { type: 'gate.opened'; ticket: number }

export type ProcessCommand = { type: 'process.terminate' } | { type: 'process.kill' }

/** Orders to the pool that rations places and start permits. Each is harmless when repeated. */
export type PoolCommand =
  | { type: 'place.asked'; isReplacement: boolean }
  /** The start is over, well or badly: its permit is free. */
  | { type: 'start.over' }
  | { type: 'place.left' }

export type TenantContext = TenantInput & {
  readonly running: Running | undefined
  /** What the gate shows while it is open; kept while a stop may still be called off. */
  readonly ticket: number | undefined
  readonly hasServed: boolean
  readonly isStable: boolean
  readonly isWantedAgain: boolean
  /** Failed starts and quick crashes in a row. */
  readonly failures: number
  /** All crashes of this generation. */
  readonly crashes: number
  readonly lastExit: LastExit | undefined
  /** Last lines of stderr before the last crash. */
  readonly lastTail: readonly string[]
  readonly failure: Failure | undefined
  readonly backoffMs: number
  readonly stopReason: StopReason | undefined
}

/** A tenant that has never been awake. */
export const asleep = (input: TenantInput): TenantContext => ({
  ...input,
  running: undefined,
  ticket: undefined,
  hasServed: false,
  isStable: false,
  isWantedAgain: false,
  failures: 0,
  crashes: 0,
  lastExit: undefined,
  lastTail: [],
  failure: undefined,
  backoffMs: 0,
  stopReason: undefined,
})

/** The context's part of a start: what is forgotten of the process before. */
export const fresh = {
  running: undefined,
  ticket: undefined,
  hasServed: false,
  isStable: false,
  isWantedAgain: false,
  failure: undefined,
  stopReason: undefined,
} satisfies Partial<TenantContext>

/** Why there is no tenant now, in words fit for the public: no command, no path, no output. */
export const publicReasonOf = (exit: ProcessExit, hasServed: boolean): string => {
  if (exit.startError !== undefined) return 'it could not be started'
  return hasServed ? 'it keeps crashing' : 'it did not become ready'
}
