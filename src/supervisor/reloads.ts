import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { type FileVersion, isSameVersion, versionOf } from '../config/file-version.ts'
import { wireErrorsOf } from '../inspect/control-socket.ts'
import type { Logger } from '../log/logger.ts'
import { toWire } from '../protocol/wire-error.ts'
import type { Hooks } from './hooks.ts'
import { applyConfig, type ReloadTargets } from './reload.ts'
import type { ReloadFailure, ReloadReport } from './report.ts'
import type { SupervisorOptions } from './supervisor.ts'

/** Which configuration file is in use, and how another version of it, or another file, is taken up. Supervisor thread. */
export type Reloads = {
  /**
   * Reads `file`, or the one in use, runs its start hooks and makes everything agree with it. Only then it is the one in use.
   * @throws what loading throws, or NAV_LISTEN_FAILED: then nothing has changed.
   */
  run(file: string | undefined, signal: AbortSignal): Promise<ReloadReport>
  /** The `reload_config` of a hook or script: whether it is there, and another file than the one in use, or has changed since it was loaded. */
  isWorthwhile(file: string): boolean
}

/** What a reload acts upon. */
export type ReloadParts = ReloadTargets & { config(): Config; readonly hooks: Hooks; readonly log: Logger }

export const createReloads = (options: SupervisorOptions, parts: ReloadParts): Reloads => {
  let version: FileVersion | undefined = versionOf(parts.config().file)

  return {
    async run(file = parts.config().file, signal) {
      using over = new DisposableStack()
      options.notice.reloading()
      over.defer(options.notice.ready)
      // Before it is read: what is written meanwhile counts as a change.
      const next = versionOf(file)
      const { config, warnings } = await options.load(file)
      const hookFailures = await runStartHooks(config, parts.hooks, signal)
      const done = await applyConfig({ before: parts.config(), after: config }, parts)
      version = next
      const failures = [...hookFailures, ...done.failures]
      options.log.info({ file: config.file, ...counts(done), failures: failures.length }, 'reloaded')
      return { warnings, ...done, failures }
    },
    isWorthwhile(file) {
      const now = versionOf(file)
      if (!now) options.log.warn({ file }, 'reload_config names a file that is not there')
      return now !== undefined && (resolve(file) !== parts.config().file || !isSameVersion(version, now))
    },
  }
}

/** As they did at every reload before: a failure is told and the reload goes on. */
const runStartHooks = async (config: Config, hooks: Hooks, signal: AbortSignal): Promise<readonly ReloadFailure[]> => {
  try {
    await hooks.runServer('start', config.hooks?.server.start ?? [], signal)
    return []
  } catch (error) {
    signal.throwIfAborted()
    return [{ kind: 'hook', name: 'server.start', reason: toWire(error).message }]
  }
}

const counts = ({ tenants, processes }: Pick<ReloadReport, 'tenants' | 'processes'>) => ({
  added: tenants.added.length + processes.added.length,
  changed: tenants.changed.length + processes.changed.length,
  retuned: tenants.retuned.length,
  removed: tenants.removed.length + processes.removed.length,
})

/** One line for each thing that is wrong with the file. Supervisor thread. */
export const logRefusal = (log: Logger, error: unknown): void => {
  for (const { code, message, at, hint } of wireErrorsOf(error)) {
    log.error({ code, reason: message, ...(at && { at: `${at.file}:${at.line}:${at.column}` }), ...(hint && { hint }) }, 'reload refused')
  }
}
