/**
 * A configuration that has come all the way: parsed, translated from old spellings, checked, inherited and expanded.
 * Keys keep the file's own names. Durations are milliseconds, sizes bytes, paths absolute. Deeply readonly, plain data.
 * Sections are what the schema makes of them; the types written out here are those that inheritance changes.
 */
import type { Position } from '../errors.ts'
import type { File, FileTenant } from './schema.ts'

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** `at` is where the file says so, for the error that the port is taken. */
export type Listen = { readonly host: string; readonly port: number; readonly at?: Position }

/**
 * `listen.host` is a numeric address; `::` takes IPv4 too; port 0 lets the system choose. `root_path` is '' or a prefix with
 * a slash at both ends, whose slashless form is redirected to it.
 */
export type ServerConfig = DeepReadonly<Omit<File['server'], 'listen' | 'workers' | 'cgi_scripts'>> & {
  readonly listen: Listen
  readonly workers: number
  readonly cgi_scripts?: readonly CgiScriptConfig[]
}

type FileCgiScript = NonNullable<File['server']['cgi_scripts']>[number]

/** `script` and `reload_config` are absolute, `method` is in upper case. `unset_env` are names it must not inherit. */
export type CgiScriptConfig = DeepReadonly<Omit<FileCgiScript, 'env'>> & {
  readonly env: Readonly<Record<string, string>>
  readonly unset_env?: readonly string[]
}

/** Directories are absolute. */
export type StaticFilesConfig = ServerConfig['static']

/** What navigator itself answers to a health check. */
export type SyntheticResponse = NonNullable<NonNullable<ServerConfig['health_check']>['response']>

/** All in ms; `idle` and `response` may be 0 = no limit. */
export type TimeoutsConfig = ServerConfig['timeouts']

/** `max_size` per tenant and worker; `timeout` in ms. */
export type QueueConfig = DeepReadonly<File['applications']['queue']>

/** `end_port` is inclusive. */
export type PoolsConfig = DeepReadonly<File['applications']['pools']> & { readonly end_port: number }

/** `yields` where the file says nothing of it: then other routes of its paths come first. */
export type CableConfig = DeepReadonly<File['cable']> & { readonly yields: boolean }

/** `per` in ms. Without `requests` nothing is limited. */
export type RateLimitingConfig = DeepReadonly<NonNullable<File['rate_limiting']>>

/** `page` is absolute. Without it, the built-in page is shown. */
export type MaintenanceConfig = DeepReadonly<File['maintenance']>

/**
 * `htpasswd` is absolute, and set where `enabled` is. `public_paths` and the `pattern`s are sources of JavaScript regular expressions.
 * A tenant's `auth_realm`, `auth_enabled` and `htpasswd` come first for its paths.
 */
export type AuthConfig = DeepReadonly<File['auth']>

/**
 * `path` is the source of a JavaScript regular expression, already translated; it wins over `prefix`. `target` is the first of
 * `targets`, if there are several.
 */
export type ReverseProxyConfig = DeepReadonly<Omit<File['routes']['reverse_proxies'][number], 'name' | 'target'>> & {
  readonly name: string
  readonly target: string
}

/** `from` is the source of a JavaScript regular expression; in `to` a group is `${1}` or `${name}` and a dollar `$$`. */
export type RedirectConfig = DeepReadonly<NonNullable<File['routes']['redirects']>[number]>

/** `from` and `to` as in `RedirectConfig`. */
export type RewriteConfig = DeepReadonly<NonNullable<File['routes']['rewrites']>[number]>

/** `path` is the source of a JavaScript regular expression; targets and `replacement` may have groups as in `RedirectConfig`. */
export type ReplayConfig = DeepReadonly<FileFly['replay'][number]>

export type StickySessionsConfig = DeepReadonly<NonNullable<FileFly['sticky_sessions']>>

type FileFly = NonNullable<File['routes']['fly']>

/** `here` is what Fly.io calls this machine; nothing of it is known elsewhere. Without a secret, nothing signed is believed. */
export type FlyConfig = DeepReadonly<Omit<FileFly, 'secret' | 'internal_port'>> & {
  readonly internal_port: number
  readonly here: { readonly app?: string; readonly region?: string; readonly machine?: string; readonly secret?: string }
}

export type RoutesConfig = DeepReadonly<Omit<File['routes'], 'reverse_proxies' | 'fly'>> & {
  readonly reverse_proxies: readonly ReverseProxyConfig[]
  readonly fly?: FlyConfig
}

/** What to run, after inheritance, before the directory has been looked at. `{{port}}`, `${port}`, `${PORT}` still in `args`. */
export type LaunchConfig = {
  readonly framework?: string
  /** The program, or without `args` a whole line. Wins over runtime and server. */
  readonly command?: string
  readonly runtime?: string
  readonly server?: string
  readonly args?: readonly string[]
  /** Name of the environment variable that carries the port. */
  readonly port_env_var: string
}

/** What counts as ready, and how often it is asked. In ms. */
export type ReadinessConfig = Omit<DeepReadonly<NonNullable<FileTenant['health_check']>>, 'path' | 'timeout'>

/**
 * Who a process runs as; without `user` only its group is another. `groups` are all it has, `gid` among them. Numbers, so that a
 * reload sees a change of the system's own files.
 */
export type Account = {
  readonly gid: number
  readonly groups: readonly number[]
  readonly user?: string
  readonly uid?: number
  readonly home?: string
}

/** Keys of a tenant that are inherited or computed; all others go through as the file has them. */
type ResolvedTenant = {
  readonly name: string
  readonly path: string
  readonly host?: string
  /** Working directory. */
  readonly root: string
  readonly launch: LaunchConfig
  /** Added to navigator's own environment. A tenant's own PORT wins over the lent one. May hold `${port}`, `${PORT}`, `{{port}}`. */
  readonly env: Readonly<Record<string, string>>
  /** Names the tenant must not inherit from navigator's own environment. */
  readonly unset_env?: readonly string[]
  /** URL path of the readiness probe. */
  readonly health_check: string
  /** The other keys of `health_check`, where there are any. */
  readonly readiness?: ReadinessConfig
  /** How long a browser waits before the maintenance page. */
  readonly startup_timeout: number
  /** How long a start may take before it has failed. */
  readonly ready_timeout: number
  readonly idle_timeout: number
  /** Between SIGTERM and SIGKILL. */
  readonly stop_timeout: number
  readonly track_websockets: boolean
  readonly account?: Account
  /** In bytes. */
  readonly memory_limit?: number
  /** Those of all tenants, then its own. */
  readonly hooks?: TenantHooksConfig
}

/** Keys of the file that have become `launch`, `env` or others. */
type Consumed = 'var' | 'framework' | 'command' | 'runtime' | 'server' | 'args' | 'start_delay' | 'user' | 'group'

export type TenantConfig = ResolvedTenant & DeepReadonly<Omit<FileTenant, keyof ResolvedTenant | Consumed>>

/** `working_dir` is absolute. `unset_env` are names it must not inherit. */
export type ManagedProcessConfig = DeepReadonly<Omit<File['managed_processes'][number], 'env' | 'user' | 'group'>> & {
  readonly account?: Account
  readonly env: Readonly<Record<string, string>>
  readonly unset_env?: readonly string[]
  /** The Unix socket it makes, absolute: one that was left there is removed before each start. */
  readonly stale_socket?: string
}

type FileHook = NonNullable<NonNullable<NonNullable<File['hooks']>['server']>['start']>[number]

/** A command run at a certain moment. `reload_config` is absolute; `timeout` 0 = no limit. `unset_env` are names it must not inherit. */
export type HookConfig = DeepReadonly<Omit<FileHook, 'env'>> & {
  readonly env: Readonly<Record<string, string>>
  readonly unset_env?: readonly string[]
}

/** Moments of navigator's own life that have hooks. */
export type ServerMoment = 'start' | 'ready' | 'idle' | 'resume' | 'stop'
export type HooksConfig = Readonly<Partial<Record<ServerMoment, readonly HookConfig[]>>>
export type TenantHooksConfig = { readonly start: readonly HookConfig[]; readonly stop: readonly HookConfig[] }

/** `file`, `vector.socket` and `vector.config` are absolute. */
export type LoggingConfig = DeepReadonly<File['logging']>

export type Config = {
  /** Absolute path of the file it came from. */
  readonly file: string
  readonly server: ServerConfig
  readonly maintenance: MaintenanceConfig
  readonly auth: AuthConfig
  readonly routes: RoutesConfig
  readonly applications: { readonly pools: PoolsConfig; readonly queue: QueueConfig }
  readonly tenants: readonly TenantConfig[]
  readonly managed_processes: readonly ManagedProcessConfig[]
  readonly logging: LoggingConfig
  readonly hooks?: { readonly server: HooksConfig }
  readonly cable: CableConfig
  readonly rate_limiting?: RateLimitingConfig
}

/** A note about the file that does not stop it from being used. */
export type ConfigWarning = { readonly code: 'NAV_CONFIG_WARNING'; readonly message: string; readonly at: Position; readonly hint?: string }
