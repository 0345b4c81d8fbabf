/**
 * A configuration that has come all the way: parsed, translated from old spellings, checked, inherited and expanded.
 * Keys keep the file's own names. Durations are milliseconds, sizes bytes, paths absolute. Deeply readonly, plain data.
 */
import type { Position } from '../errors.ts'

export type Listen = { readonly host: string; readonly port: number; readonly at?: Position }

export type ServerConfig = {
  /** Where to accept connections. `::` takes IPv4 too. Port 0 lets the system choose. */
  readonly listen: Listen
  /** Number of worker threads. */
  readonly workers: number
  /** '' or a prefix with a slash at both ends. Its slashless form is redirected to it. */
  readonly root_path: string
  readonly trust_proxy: boolean
  readonly health_check?: { readonly path: string; readonly response?: SyntheticResponse }
  readonly timeouts: TimeoutsConfig
}

export type SyntheticResponse = {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** All in ms. */
export type TimeoutsConfig = {
  /** From a connection's first byte, or its last response, to the end of the next request head. */
  readonly header: number
  /** Between two requests on a kept-alive client connection. */
  readonly keep_alive: number
  /** No byte either way on a client connection in the middle of a request. 0 = none. */
  readonly idle: number
  /** To connect to an upstream. */
  readonly connect: number
  /** From the last byte of the request to the first of the response. 0 = none. */
  readonly response: number
  /** Shutdown and reload: how long requests may go on before they are cut. */
  readonly drain: number
}

export type QueueConfig = {
  /** Requests that may wait for one tenant to be ready, per worker. More get 503. */
  readonly max_size: number
  /** How long a patient client (API, POST) waits before 503, in ms. */
  readonly timeout: number
}

export type MaintenanceConfig = {
  readonly enabled: boolean
  /** HTML file shown instead of the built-in page. Absolute. */
  readonly page?: string
}

export type ReverseProxyConfig = {
  readonly name: string
  /** JavaScript regular expression source, already translated from RE2. Wins over `prefix`. */
  readonly path?: string
  readonly prefix?: string
  /** URL; may hold $1…$9. */
  readonly target: string
  readonly strip_path: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly response_headers: Readonly<Record<string, string>>
  readonly websocket: boolean
}

export type RoutesConfig = { readonly reverse_proxies: readonly ReverseProxyConfig[] }

/** What to run, after inheritance, before the directory has been looked at. `{{port}}`, `${port}`, `${PORT}` still in `args`. */
export type LaunchConfig = {
  readonly framework?: string
  /** The program; `args` are its arguments. Wins over runtime and server. */
  readonly command?: string
  readonly runtime?: string
  readonly server?: string
  readonly args?: readonly string[]
  /** Name of the environment variable that carries the port. */
  readonly port_env_var: string
}

export type TenantConfig = {
  readonly name: string
  readonly path: string
  readonly host?: string
  /** Working directory. */
  readonly root: string
  readonly launch: LaunchConfig
  /** Added to navigator's own environment. A tenant's own PORT wins over the lent one. */
  readonly env: Readonly<Record<string, string>>
  readonly health_check: string
  /** How long a browser waits before the maintenance page. */
  readonly startup_timeout: number
  /** How long a start may take before it has failed. */
  readonly ready_timeout: number
  readonly idle_timeout: number
  /** Between SIGTERM and SIGKILL. */
  readonly stop_timeout: number
  readonly track_websockets: boolean
}

export type ManagedProcessConfig = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly working_dir: string
  readonly env: Readonly<Record<string, string>>
  readonly auto_restart: boolean
  readonly start_delay: number
  readonly stop_timeout: number
}

export type LoggingConfig = { readonly format: 'text' | 'json' }

export type Config = {
  /** Absolute path of the file it came from. */
  readonly file: string
  readonly server: ServerConfig
  readonly maintenance: MaintenanceConfig
  readonly routes: RoutesConfig
  readonly applications: {
    readonly pools: {
      /** Tenants that may be awake at once; the longest idle one is stopped for the next. Absent = no limit. */
      readonly max_size?: number
      readonly start_port: number
      /** Inclusive. */
      readonly end_port: number
      /** Tenant starts under way at once. */
      readonly start_concurrency: number
    }
    readonly queue: QueueConfig
  }
  readonly tenants: readonly TenantConfig[]
  readonly managed_processes: readonly ManagedProcessConfig[]
  readonly logging: LoggingConfig
}

/** A note about the file that does not stop it from being used. */
export type ConfigWarning = { readonly code: 'NAV_CONFIG_WARNING'; readonly message: string; readonly at: Position; readonly hint?: string }
