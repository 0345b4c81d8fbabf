/** The composition root: joins machines, processes, ports and worker threads; starts them in order and stops them in reverse. */
import { type Actor, createActor, fromPromise, toPromise, waitFor } from 'xstate'
import { type ServerEmitted, type ServerMachine, serverMachine } from '../../machines/server.ts'
import type { Config, ConfigWarning } from '../config/config.ts'
import { NavigatorError } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import { assemble } from './assemble.ts'
import { readRows } from './ps.ts'
import { applyConfig } from './reload.ts'
import { createReloadRequests } from './reload-request.ts'
import type { PsReport, ReloadReport } from './report.ts'

/** What a supervisor needs of its surroundings. */
export type SupervisorOptions = {
  readonly config: Config
  readonly warnings: readonly ConfigWarning[]
  readonly configFile: string
  /** What children inherit. */
  readonly env: NodeJS.ProcessEnv
  readonly log: Logger
  /** One line of a child's output, formatted, without line end. */
  writeLine(line: string): void
  /** Whole access-log lines. */
  writeAccess(bytes: Uint8Array): void
  /** Names of children in colour, for a terminal. */
  readonly isColoured?: boolean
  /** For records of what runs, so that the next start can end what a killed supervisor left. */
  readonly runtimeDirectory: string
  /** The worker's task: workers/acceptor.ts, or its bundle. */
  readonly workerUrl: URL
  /** Loads a file, absolute: the one in use, or another that `reload_config` has named. */
  reload(file: string): Promise<{ readonly config: Config; readonly warnings: readonly ConfigWarning[] }>
}

/** A server that serves. Supervisor thread. */
export type Supervisor = {
  /** As configured; the port is the real one where the configuration says 0. */
  readonly address: { readonly host: string; readonly port: number }
  ps(): Promise<PsReport>
  /**
   * Goes by the file as it is now. One that comes during a reload follows it.
   * @throws what the file's loading throws, or NAV_LISTEN_FAILED: then nothing has changed; NAV_NOT_RUNNING after `stop`.
   */
  reload(): Promise<ReloadReport>
  /** Lets requests end, then tenants, then managed processes. Resolves when nothing is left. May be called again. */
  stop(reason: string): Promise<void>
}

/**
 * Serves by a configuration. Resolves when every worker listens.
 * @throws NAV_LISTEN_FAILED when the address is taken, NAV_PROCESS_EXITED when a worker cannot start. Nothing is left running then.
 */
export const startSupervisor = async (options: SupervisorOptions): Promise<Supervisor> => {
  const startedAt = Date.now()
  const requests = createReloadRequests({
    log: options.log,
    current: () => ({ file: parts.config().file, loadedAt }),
    reload(file) {
      wantedFile = file
      return requestReload(server)
    },
  })
  let loadedAt = startedAt
  let wantedFile: string | undefined
  const parts = await assemble(options, requests.request)
  const server = createActor(
    serverMachine.provide({
      actors: {
        start: fromPromise(() => parts.start()),
        reload: fromPromise<unknown>(() => reload()),
        drain: fromPromise(() => parts.drain()),
        stop: fromPromise(() => parts.stop()),
      },
    }),
  )
  const reload = async (): Promise<ReloadReport> => {
    const readAt = Date.now()
    const file = wantedFile ?? parts.config().file
    // Only once: a file that cannot be taken up must not be tried in place of the one in use for ever.
    wantedFile = undefined
    const { config, warnings } = await options.reload(file)
    loadedAt = readAt
    const done = await applyConfig({ before: parts.config(), after: config }, parts)
    options.log.info({ ...counts(done), failures: done.failures.length }, 'reloaded')
    return { warnings, ...done }
  }
  server.start()
  await serving(server)

  return {
    get address() {
      return parts.address()
    },
    reload: () => requestReload(server),
    async ps() {
      const rows = await readRows({ ...parts, tenants: parts.config().tenants, startedAt })
      return { pid: process.pid, startedAt, configFile: options.configFile, address: parts.address(), rows }
    },
    async stop(reason) {
      if (server.getSnapshot().status === 'active') {
        options.log.info({ reason }, 'stopping')
        server.send({ type: 'server.stop', reason })
      }
      await toPromise(server)
    },
  }
}

const serving = async (server: Actor<ServerMachine>): Promise<void> => {
  const snapshot = await waitFor(server, (now) => now.matches('serving') || now.status === 'done')
  if (snapshot.status === 'done') throw snapshot.context.error
}

/** Who asks during a reload is answered by the one that follows it: only that one is sure to have read the file since. */
const requestReload = (server: Actor<ServerMachine>): Promise<ReloadReport> => {
  const { promise, resolve, reject } = Promise.withResolvers<ReloadReport>()
  const number = server.getSnapshot().context.reloads + 1
  const listener = (event: ServerEmitted) => {
    if (event.number !== number) return
    if (event.type === 'reload.finished') resolve(event.report as ReloadReport)
    else reject(event.error)
  }
  const subscriptions = [
    server.on('reload.finished', listener),
    server.on('reload.failed', listener),
    server.subscribe({ complete: () => reject(new NavigatorError('NAV_NOT_RUNNING', 'navigator is stopping')) }),
  ]
  server.send({ type: 'server.reload' })
  return promise.finally(() => {
    for (const subscription of subscriptions) subscription.unsubscribe()
  })
}

const counts = ({ tenants, processes }: Pick<ReloadReport, 'tenants' | 'processes'>) => ({
  added: tenants.added.length + processes.added.length,
  changed: tenants.changed.length + processes.changed.length,
  retuned: tenants.retuned.length,
  removed: tenants.removed.length + processes.removed.length,
})
