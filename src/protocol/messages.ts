/** Everything that crosses the supervisor–worker line. Plain data only. */
import type { BoundSocket } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import type { RoutingSnapshot, TenantStanding } from './routing-snapshot.ts'

/** What a worker is born with. `port` and `sockets` are transferred, `counters` is shared. */
export type WorkerBirth = {
  /** Its row in the counters, from 0. */
  readonly worker: number
  readonly port: MessagePort
  readonly sockets: readonly BoundSocket[]
  readonly counters: SharedArrayBuffer
  readonly routing: RoutingSnapshot
}

export type SupervisorMessage =
  | { readonly type: 'routing.published'; readonly snapshot: RoutingSnapshot }
  | { readonly type: 'tenant.moved'; readonly standing: TenantStanding }
  /** The listen address changed: listen here too, and no longer on the sockets given before. */
  | { readonly type: 'listener.replaced'; readonly sockets: readonly BoundSocket[] }
  /** Accept nothing more, let requests end for `graceMs`, then cut. The task resolves when done. */
  | { readonly type: 'worker.drain'; readonly graceMs: number }

export type WorkerMessage =
  | { readonly type: 'worker.listening' }
  /** Somebody waits for this tenant. Repeated once a second and at each `tenant.moved` while that is so. */
  | { readonly type: 'tenant.requested'; readonly tenant: string }
  /** The tenant's process refused a connection though its gate was open. */
  | { readonly type: 'tenant.refused'; readonly tenant: string; readonly ticket: number }
  /** Whole access-log lines, at most once a tick. Transferred. */
  | { readonly type: 'log.lines'; readonly bytes: Uint8Array }

/** For the default branch of a switch over messages: a compile error where one was forgotten. */
export const unreachable = (message: never): never => {
  throw new Error(`unknown message ${JSON.stringify(message)}`)
}
