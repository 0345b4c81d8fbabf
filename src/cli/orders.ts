import type { ControlCommands } from '../inspect/control-socket.ts'
import type { Logger } from '../log/logger.ts'
import { logRefusal } from '../supervisor/reloads.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { EXIT } from './exit-codes.ts'

/** What a serving instance is told from outside, by signals and over the control socket, from before it is up until it has ended. */
export type Orders = {
  /** For the control socket. They wait for the start; `stop` answers when `ended` has been called. */
  readonly commands: ControlCommands
  /** Waits for the start. */
  supervisor(): Promise<Supervisor>
  /** Resolves with who asked for the end. */
  readonly stop: Promise<string>
  /** Aborted with the same. */
  readonly stopSignal: AbortSignal
  /** The supervisor is up and takes orders. */
  started(supervisor: Supervisor): void
  /** The start has failed; who waits for it gets the error. */
  failed(error: unknown): void
  /** Nothing runs any more. */
  ended(): void
}

/**
 * Takes signals from now on: SIGTERM, SIGINT and SIGQUIT stop, SIGHUP reloads, SIGUSR1 opens log files anew, and a SIGINT after the order to stop ends the process
 * at once with exit code 130. Supervisor thread.
 */
export const takeOrders = (log: Logger, reopen: () => void): Orders => {
  const supervisor = Promise.withResolvers<Supervisor>()
  const stop = Promise.withResolvers<string>()
  const ended = Promise.withResolvers<void>()
  // Nobody may be waiting when a start fails.
  supervisor.promise.catch(() => {})
  const stopping = new AbortController()
  const orderStop = (reason: string) => {
    stopping.abort(reason)
    stop.resolve(reason)
  }
  const reload = async () => (await supervisor.promise).reload()
  for (const signal of ['SIGTERM', 'SIGQUIT'] as const) process.on(signal, () => orderStop(signal))
  process.on('SIGINT', () => (stopping.signal.aborted ? process.exit(EXIT.forced) : orderStop('SIGINT')))
  process.on('SIGUSR1', reopen)
  process.on('SIGHUP', () => void reload().catch((error: unknown) => logRefusal(log, error)))

  return {
    stop: stop.promise,
    supervisor: () => supervisor.promise,
    stopSignal: stopping.signal,
    started: supervisor.resolve,
    failed: supervisor.reject,
    ended: ended.resolve,
    commands: {
      ps: async () => (await supervisor.promise).ps(),
      reload,
      stop: () => {
        orderStop('control socket')
        return ended.promise
      },
    },
  }
}
