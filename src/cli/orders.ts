import { type ControlCommands, wireErrorsOf } from '../inspect/control-socket.ts'
import type { Logger } from '../log/logger.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { EXIT } from './exit-codes.ts'

/** What a serving instance is told from outside, by signals and over the control socket, from before it is up until it has ended. */
export type Orders = {
  /** For the control socket. They wait for the start; `stop` answers when `ended` has been called. */
  readonly commands: ControlCommands
  /** Resolves with who asked for the end. */
  readonly stop: Promise<string>
  /** The supervisor is up and takes orders. */
  started(supervisor: Supervisor): void
  /** The start has failed; who waits for it gets the error. */
  failed(error: unknown): void
  /** Nothing runs any more. */
  ended(): void
}

/**
 * Takes signals from now on: SIGTERM, SIGINT and SIGQUIT stop, SIGHUP reloads, and a SIGINT after the order to stop ends the process
 * at once with exit code 130. Supervisor thread.
 */
export const takeOrders = (log: Logger): Orders => {
  const supervisor = Promise.withResolvers<Supervisor>()
  const stop = Promise.withResolvers<string>()
  const ended = Promise.withResolvers<void>()
  // Nobody may be waiting when a start fails.
  supervisor.promise.catch(() => {})
  let isStopping = false
  const orderStop = (reason: string) => {
    isStopping = true
    stop.resolve(reason)
  }
  const reload = async () => (await supervisor.promise).reload()
  for (const signal of ['SIGTERM', 'SIGQUIT'] as const) process.on(signal, () => orderStop(signal))
  process.on('SIGINT', () => (isStopping ? process.exit(EXIT.forced) : orderStop('SIGINT')))
  process.on('SIGHUP', () => void reload().catch((error: unknown) => logRefusal(log, error)))

  return {
    stop: stop.promise,
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

const logRefusal = (log: Logger, error: unknown): void => {
  for (const { code, message, at, hint } of wireErrorsOf(error)) {
    log.error({ code, reason: message, ...(at && { at: `${at.file}:${at.line}:${at.column}` }), ...(hint && { hint }) }, 'reload refused')
  }
}
