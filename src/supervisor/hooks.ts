import type { HookConfig, ServerMoment, TenantConfig } from '../config/config.ts'
import { NavigatorError } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import { childEnvironment } from '../process/environment.ts'
import { runHooks } from '../process/hooks.ts'
import type { PidDirectory } from '../process/leftovers.ts'

/** Longest run of a hook that has no timeout of its own, in ms, where somebody waits for its end. */
const UNATTENDED_MS = 60_000
const NO_LIMIT = 0

/** Runs the hooks of moments in navigator's and tenants' lives. Supervisor thread. */
export type Hooks = {
  /**
   * The server's, of this configuration.
   * @throws what `runHooks` throws; the failure has been logged.
   */
  runServer(moment: ServerMoment, list: readonly HookConfig[], signal: AbortSignal): Promise<void>
  /** A tenant's; a failure is logged, nothing more. Resolves also when aborted. */
  runTenant(moment: 'start' | 'stop', tenant: TenantConfig, running: { readonly port: number }, signal: AbortSignal): Promise<void>
  /** A command in place of what the host does by itself. @throws what `runHooks` throws; the failure has been logged. */
  runCommand(name: string, command: string, signal: AbortSignal): Promise<void>
  /** How many lists run now that count as activity: those of idle and resume do not. */
  active(): number
}

/** What they draw on. */
export type HooksParts = {
  readonly env: NodeJS.ProcessEnv
  readonly pids: PidDirectory
  readonly log: Logger
  onLine(source: string, stream: 'stdout' | 'stderr', line: string, tenant?: string): void
}

/** The file named by the first `reload_config` of a list. */
export const reloadTargetOf = (list: readonly HookConfig[]): string | undefined =>
  list.find(({ reload_config }) => reload_config !== undefined)?.reload_config

export const createHooks = (parts: HooksParts): Hooks => {
  let active = 0
  const run = async (list: readonly HookConfig[], how: Moment, signal: AbortSignal): Promise<void> => {
    if (list.length === 0) return
    if (how.isActivity) active++
    try {
      await runLogged(list, how, signal, parts)
    } finally {
      if (how.isActivity) active--
    }
  }

  return {
    active: () => active,
    runServer: (moment, list, signal) => run(list, serverMoment(moment, parts.env), signal),
    runTenant: (moment, tenant, { port }, signal) => {
      const env = childEnvironment(parts.env, { own: tenant.env, unset: tenant.unset_env ?? [], port })
      const timeoutMs = moment === 'start' ? NO_LIMIT : UNATTENDED_MS
      const how = { name: `tenant.${moment}.${tenant.name}`, env, timeoutMs, isActivity: true, tenant: tenant.name, port }
      // Logged already: what it was run for goes on.
      return run(tenant.hooks?.[moment] ?? [], how, signal).catch(() => {})
    },
    runCommand: (name, command, signal) =>
      run([{ command, env: {} }], { name, env: parts.env, timeoutMs: UNATTENDED_MS, isActivity: false }, signal),
  }
}

type Moment = {
  readonly name: string
  readonly env: NodeJS.ProcessEnv
  readonly timeoutMs: number
  readonly isActivity: boolean
  readonly tenant?: string
  readonly port?: number
}

const serverMoment = (moment: ServerMoment, env: NodeJS.ProcessEnv): Moment => ({
  name: `server.${moment}`,
  env,
  timeoutMs: moment === 'start' || moment === 'ready' ? NO_LIMIT : UNATTENDED_MS,
  isActivity: moment === 'start' || moment === 'ready' || moment === 'stop',
})

const runLogged = async (list: readonly HookConfig[], how: Moment, signal: AbortSignal, parts: HooksParts): Promise<void> => {
  const log = parts.log.child({ hook: how.name, ...(how.tenant === undefined ? {} : { tenant: how.tenant }) })
  try {
    await runHooks(list, {
      ...how,
      cwd: process.cwd(),
      signal,
      onLine: (stream, line) => parts.onLine(`hook:${how.name}`, stream, line, how.tenant),
      onStarted(pid, command) {
        parts.pids.record(how.name, pid)
        log.info({ command, pid }, 'running hook')
      },
      onEnded(pid, command, tookMs) {
        parts.pids.forget(pid)
        log.debug({ command, tookMs }, 'hook ended')
      },
    })
  } catch (error) {
    if (error instanceof NavigatorError) log.error({ err: error }, 'hook failed')
    else log.info('hook called off')
    throw error
  }
}
