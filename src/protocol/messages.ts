/** Everything that crosses the supervisor–worker line. Plain data only. */
import type { BoundSocket } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import type { RoutingSnapshot, TenantStanding } from './routing-snapshot.ts'
import type { TrafficDelta } from './traffic.ts'

/** What a worker is born with. `port` and `sockets` are transferred, `counters` is shared. */
export type WorkerBirth = {
  /** Its row in the counters, from 0. */
  readonly worker: number
  readonly port: MessagePort
  readonly sockets: readonly BoundSocket[]
  readonly counters: SharedArrayBuffer
  readonly routing: RoutingSnapshot
  /** Name of the BroadcastChannel on which the workers of this navigator tell each other what to send to cable sockets. */
  readonly cable: string
}

/** `unavailable`: nobody can tell now, the file is gone or too many wait. */
export type PasswordOutcome = 'verified' | 'refused' | 'unavailable'

export type SupervisorMessage =
  | { readonly type: 'routing.published'; readonly snapshot: RoutingSnapshot }
  | { readonly type: 'tenant.moved'; readonly standing: TenantStanding }
  /** The listen address changed: listen here too, and no longer on the sockets given before. */
  | { readonly type: 'listener.replaced'; readonly sockets: readonly BoundSocket[] }
  /** The answer to `password.check`. */
  | { readonly type: 'password.checked'; readonly key: string; readonly outcome: PasswordOutcome }
  /** This password file has changed, or can no longer be read: nothing that was found by it holds any more. */
  | { readonly type: 'passwords.changed'; readonly file: string }
  /** The machine may be used again: requests that were held go on. */
  | { readonly type: 'host.opened' }
  /** Accept nothing more, let requests end for `graceMs`, then cut. The task resolves when done. */
  | { readonly type: 'worker.drain'; readonly graceMs: number }

export type WorkerMessage =
  | { readonly type: 'worker.listening' }
  /** Somebody waits for this tenant. Repeated once a second and at each `tenant.moved` while that is so. */
  | { readonly type: 'tenant.requested'; readonly tenant: string }
  /** The tenant's process refused a connection though its gate was open. */
  | { readonly type: 'tenant.refused'; readonly tenant: string; readonly ticket: number }
  /** A CGI script runs, as the leader of a process group: to be ended when this thread is gone before `cgi.ended`. */
  | { readonly type: 'cgi.started'; readonly pid: number; readonly script: string }
  /** It has ended, and nothing of its group is left. */
  | {
      readonly type: 'cgi.ended'
      readonly pid: number
      readonly script: string
      readonly code: number | null
      readonly signal: string | null
      readonly tookMs: number
    }
  /** A line of a CGI script's stderr. */
  | { readonly type: 'cgi.said'; readonly script: string; readonly line: string }
  /** It could not be started. */
  | { readonly type: 'cgi.failed'; readonly script: string; readonly reason: string }
  /** To be taken up if it is another file than the one in use, or has changed since that was loaded. Absolute. */
  | { readonly type: 'config.reloadRequested'; readonly file: string }
  /**
   * Are these the name and password of a user of `file`? `key` names the question: a MAC under a key of this thread, so that an
   * answer meant for a thread that has died since means nothing to the next.
   */
  | { readonly type: 'password.check'; readonly key: string; readonly file: string; readonly user: string; readonly password: string }
  /** A request is held because the machine sleeps or is about to. Repeated once a second while that is so. */
  | { readonly type: 'host.requested' }
  /** Cable sockets took so slowly that so many messages were dropped since the last such note; at most one a second. */
  | { readonly type: 'cable.dropped'; readonly messages: number }
  /** Requests that have ended since the last such note; at most one a second. */
  | { readonly type: 'traffic.counted'; readonly delta: TrafficDelta }
  /** Whole access-log lines, at most once a tick. Transferred. */
  | { readonly type: 'log.lines'; readonly bytes: Uint8Array }

/** For the default branch of a switch over messages: a compile error where one was forgotten. */
export const unreachable = (message: never): never => {
  throw new Error(`unknown message ${JSON.stringify(message)}`)
}
