import type { Config, RateLimitingConfig, TenantConfig } from '../config/config.ts'
import type { Admission } from './counters.ts'

/** The public states of a tenant and of a managed process: what `ps`, `inspect`, metrics and logs say. */
export type PublicState = 'stopped' | 'starting' | 'ready' | 'idle' | 'stopping' | 'crashed'

/** Whether and by which file a password is asked for. */
export type TenantAuth = { readonly enabled: boolean; readonly realm: string; readonly htpasswd?: string }

/** One tenant as workers route to it. Small: there may be 100,000. */
export type TenantRoute = {
  /** Unique name; what logs and `ps` say. */
  readonly name: string
  /** URL prefix with a slash at both ends: `/`, `/2025/boston/`. */
  readonly path: string
  /** Requests for this Host only; without it, any. Lower case, no port. */
  readonly host?: string
  /** How long a browser waits for a start before it gets the maintenance page, in ms. */
  readonly startup_timeout: number
  /** Where its paths differ in this from all others. */
  readonly auth?: TenantAuth
  /** Whether an open WebSocket keeps the tenant awake. */
  readonly track_websockets: boolean
  /** Whether it is in maintenance by itself, and its own page, absolute. */
  readonly maintenance?: TenantConfig['maintenance']
  /** In place of the server's. */
  readonly bot_detection?: TenantConfig['bot_detection']
  /** Its own directory of static files, absolute. */
  readonly public_dir?: string
  /** Source of a pattern of paths that are its own besides those below `path`. */
  readonly match_pattern?: string
  readonly exclude_methods?: readonly string[]
  /** Fields that it gets with each request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Directories, absolute, whose files it may have sent by X-Sendfile. */
  readonly sendfile_roots?: readonly string[]
}

/** Where one tenant stands now. Sent whole at each change. */
export type TenantStanding = {
  readonly name: string
  readonly state: PublicState
  /** The process that takes requests, if one does. */
  readonly admission?: Admission
  /** Set while a failed start is being backed off from: what to tell the public, and when the next try may be, in epoch ms. */
  readonly failure?: { readonly reason: string; readonly retryAt: number }
}

/**
 * What workers route by: whole sections of the configuration, every tenant, and where those stand that were ever awake.
 * Replaced whole on reload, never changed; between reloads `tenant.moved` messages update the standings.
 */
export type RoutingSnapshot = {
  readonly version: number
  readonly server: Config['server']
  readonly maintenance: Config['maintenance']
  readonly auth: Config['auth']
  readonly routes: Config['routes']
  /** Set where it is enabled. */
  readonly cable?: Config['cable']
  /** Set where requests are limited. `cells` is memory of all workers, made by `allocateTally`. */
  readonly rate_limiting?: RateLimitingConfig & { readonly requests: number; readonly cells: SharedArrayBuffer }
  readonly queue: Config['applications']['queue']
  readonly tenants: readonly TenantRoute[]
  readonly standings: readonly TenantStanding[]
}
