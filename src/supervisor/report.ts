/** What the supervisor tells about itself: plain data that survives JSON. */
import type { ConfigWarning } from '../config/config.ts'
import type { PublicState } from '../protocol/routing-snapshot.ts'

/** One row of `ps`. */
export type PsRow = {
  readonly kind: 'tenant' | 'process' | 'worker'
  readonly name: string
  readonly state: PublicState
  /** When it came to this state, epoch ms. For a tenant never awake: when navigator started. */
  readonly since: number
  readonly pid?: number
  readonly port?: number
  /** Requests being served now. */
  readonly inFlight: number
  /** WebSockets open now. */
  readonly sockets: number
  /** Requests served since navigator started. */
  readonly requests: number
  readonly memoryBytes?: number
  /** Per cent of one core since the last look. */
  readonly cpuPercent?: number
  /** Crashes since navigator started. */
  readonly restarts: number
  /** Processes that the kernel has killed since navigator started because the tenant took more memory than its limit. */
  readonly oomKills?: number
  readonly memoryLimitBytes?: number
  readonly lastExit?: { readonly code: number | null; readonly signal: string | null; readonly at: number }
  readonly failure?: { readonly reason: string; readonly retryAt: number }
  /** Why it was stopped last, while it is stopped or stopping. */
  readonly stopReason?: string
  /** Last lines of stderr before the last crash, oldest first. */
  readonly tail?: readonly string[]
}

/** The reply to `ps`: tenants in the order of the file, then managed processes, then workers. */
export type PsReport = {
  readonly pid: number
  readonly startedAt: number
  readonly configFile: string
  readonly address: { readonly host: string; readonly port: number }
  readonly rows: readonly PsRow[]
}

/** One thing a reload could not do. What it was to replace runs on as it was; a hook that failed kept nothing from being replaced. */
export type ReloadFailure = { readonly kind: 'tenant' | 'process' | 'hook'; readonly name: string; readonly reason: string }

/** Names, by what became of them. Those in no list are untouched. */
export type ChangedNames = {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Their processes were replaced. */
  readonly changed: readonly string[]
  /** Other times or routes, same process. */
  readonly retuned: readonly string[]
}

/** What a reload did. A file with errors gives no report: `reload()` rejects and nothing has changed. */
export type ReloadReport = {
  readonly warnings: readonly ConfigWarning[]
  readonly tenants: ChangedNames
  readonly processes: ChangedNames
  /** Set when navigator listens elsewhere now. */
  readonly address?: { readonly host: string; readonly port: number }
  /** Changes that take effect at the next start only. */
  readonly deferred: readonly string[]
  readonly failures: readonly ReloadFailure[]
}
