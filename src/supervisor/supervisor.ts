/** The composition root: joins machines, processes, ports and worker threads; starts them in order and stops them in reverse. */
import { type Actor, createActor, toPromise, waitFor } from 'xstate'
import type { ServerEmitted, ServerMachine } from '../../machines/server.ts'
import type { Config, ConfigWarning } from '../config/config.ts'
import { NavigatorError } from '../errors.ts'
import type { Recorder } from '../inspect/recorder.ts'
import type { Traffic } from '../inspect/traffic.ts'
import type { Destinations } from '../log/destinations.ts'
import type { Logger } from '../log/logger.ts'
import type { MemoryGroups } from '../process/memory-groups.ts'
import type { ServiceNotice } from '../process/service-notice.ts'
import { liveServerMachine } from './actors/server.ts'
import { assemble } from './assemble.ts'
import { giveOrder, type Verb } from './give-order.ts'
import { readRows } from './ps.ts'
import { createReloads } from './reloads.ts'
import type { PsReport, ReloadReport } from './report.ts'

/** What a supervisor needs of its surroundings. */
export type SupervisorOptions = {
  readonly config: Config
  readonly warnings: readonly ConfigWarning[]
  readonly configFile: string
  /** What children inherit. */
  readonly env: NodeJS.ProcessEnv
  readonly log: Logger
  /** Where lines of children and of the access log go. */
  readonly destinations: Pick<Destinations, 'child' | 'access' | 'adopt' | 'drained'>
  /** For records of what runs, so that the next start can end what a killed supervisor left. */
  readonly runtimeDirectory: string
  /** The worker's task: workers/acceptor.ts, or its bundle. */
  readonly workerUrl: URL
  /** Loads this configuration file as it is now. */
  load(file: string): Promise<{ readonly config: Config; readonly warnings: readonly ConfigWarning[] }>
  /** Puts this process to sleep, or ends it, where the machine has no API for that. */
  signalSelf(signal: 'SIGTSTP' | 'SIGTERM'): void
  readonly notice: ServiceNotice
  /** Control groups for memory. Throws an Error that says why there are none. */
  openMemoryGroups(): MemoryGroups
  /** Its abort stops a start that is under way, which rejects with the reason. */
  readonly signal?: AbortSignal
}

/** A server that serves. Supervisor thread. */
export type Supervisor = {
  /** As configured; the port is the real one where the configuration says 0. */
  readonly address: { readonly host: string; readonly port: number }
  ps(): Promise<PsReport>
  /**
   * Goes by the file as it is now, or by another one from now on. One that comes during a reload follows it.
   * @throws what the file's loading throws, or NAV_LISTEN_FAILED: then nothing has changed; NAV_NOT_RUNNING after `stop`.
   */
  reload(file?: string): Promise<ReloadReport>
  /** Lets requests end, then tenants, then managed processes. Resolves when nothing is left. May be called again. */
  stop(reason: string): Promise<void>
  readonly recorder: Recorder
  readonly traffic: Traffic
  /** How many reloads have begun. */
  reloads(): number
  /** Gives the order to tenants and processes whose names fit, and gives those names. @throws NAV_CONTROL_FAILED */
  order(verb: Verb, patterns: readonly string[]): readonly string[]
}

/**
 * Serves by a configuration. Resolves when every worker listens.
 * @throws NAV_LISTEN_FAILED when the address is taken, NAV_HOOK_FAILED when a start hook fails, NAV_PROCESS_EXITED when a worker
 * cannot start. Nothing is left running then.
 */
export const startSupervisor = async (options: SupervisorOptions): Promise<Supervisor> => {
  const startedAt = Date.now()
  const parts = await assemble(options, async (file) => {
    if (reloads.isWorthwhile(file)) await requestReload(server, file)
  })
  const reloads = createReloads(options, parts)
  const server = createActor(liveServerMachine(parts, reloads), { inspect: parts.recorder.observe({ kind: 'server', name: 'server' }) })
  server.start()
  const stop = async (reason: string): Promise<void> => {
    if (server.getSnapshot().status === 'active') {
      options.log.info({ reason }, 'stopping')
      server.send({ type: 'server.stop', reason })
    }
    await toPromise(server)
  }
  await serving(server, stop, options.signal)

  return {
    get address() {
      return parts.address()
    },
    reload: (file) => requestReload(server, file),
    async ps() {
      const rows = await readRows({ ...parts, tenants: parts.config().tenants, startedAt })
      return { pid: process.pid, startedAt, configFile: parts.config().file, address: parts.address(), rows }
    },
    stop,
    recorder: parts.recorder,
    traffic: parts.traffic,
    reloads: () => server.getSnapshot().context.reloads,
    order: (verb, patterns) => giveOrder(verb, patterns, { ...parts, tenants: parts.config().tenants }),
  }
}

const serving = async (server: Actor<ServerMachine>, stop: (reason: string) => Promise<void>, signal?: AbortSignal): Promise<void> => {
  const abort = () => void stop(String(signal!.reason))
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  const snapshot = await waitFor(server, (now) => now.matches({ up: 'serving' }) || now.status === 'done')
  signal?.removeEventListener('abort', abort)
  if (snapshot.status !== 'done') return
  throw snapshot.context.error ?? new NavigatorError('NAV_NOT_RUNNING', 'navigator was stopped before it served')
}

/** Who asks during a reload is answered by the one that follows it: only that one is sure to have read the file since. */
const requestReload = (server: Actor<ServerMachine>, file: string | undefined): Promise<ReloadReport> => {
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
  server.send({ type: 'server.reload', ...(file === undefined ? {} : { file }) })
  return promise.finally(() => {
    for (const subscription of subscriptions) subscription.unsubscribe()
  })
}
