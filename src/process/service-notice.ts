import { execFile } from 'node:child_process'
import type { LeftoverLog } from './leftovers.ts'

/** Longest run of systemd-notify, in ms. */
const NOTICE_TIMEOUT_MS = 5_000

/** Tells systemd how we are, where it asks (`Type=notify` or `notify-reload`). Disposal ends the signs of life, and what is being told. */
export type ServiceNotice = AsyncDisposable & {
  /** It serves, for the first time or again after a reload. */
  ready(): void
  reloading(): void
  stopping(): void
}

/**
 * Speaks through systemd-notify: Node has no Unix datagram sockets. As that is another process than ours, the unit needs
 * `NotifyAccess=all`. Without NOTIFY_SOCKET nothing is done. Supervisor thread.
 */
export const createServiceNotice = (env: NodeJS.ProcessEnv, log: LeftoverLog): ServiceNotice => {
  if (!env['NOTIFY_SOCKET']) return silent
  const giveUp = new AbortController()
  let queue = Promise.resolve()
  let watchdog: NodeJS.Timeout | undefined
  let isEnding = false
  let hasFailed = false
  // One after the other: READY must not overtake RELOADING.
  const tell = (...fields: readonly string[]) => {
    queue = queue.then(async () => {
      if (giveUp.signal.aborted) return
      const error = await notify(fields, env, giveUp.signal)
      if (!error || giveUp.signal.aborted || hasFailed) return
      hasFailed = true
      log.warn({ reason: error.message }, 'systemd cannot be notified')
    })
  }
  // A reload that a stop has overtaken has nothing more to say.
  const tellUnlessEnding = (...fields: readonly string[]) => {
    if (!isEnding) tell(...fields)
  }

  return {
    ready() {
      tellUnlessEnding('READY=1', `MAINPID=${process.pid}`, 'STATUS=serving')
      watchdog ??= startWatchdog(env, () => tell('WATCHDOG=1'))
    },
    reloading: () => tellUnlessEnding('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`, 'STATUS=reloading'),
    stopping() {
      tellUnlessEnding('STOPPING=1', 'STATUS=stopping')
      isEnding = true
    },
    async [Symbol.asyncDispose]() {
      clearInterval(watchdog)
      giveUp.abort()
      await queue
    },
  }
}

const silent: ServiceNotice = { ready() {}, reloading() {}, stopping() {}, async [Symbol.asyncDispose]() {} }

const notify = (fields: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Error | undefined> =>
  new Promise((resolve) => {
    execFile('systemd-notify', [...fields], { env, timeout: NOTICE_TIMEOUT_MS, signal, killSignal: 'SIGKILL' }, (error) =>
      resolve(error ?? undefined),
    )
  })

/** Twice as often as systemd asks for, as it advises. It stops with the event loop: that is what it is for. */
const startWatchdog = (env: NodeJS.ProcessEnv, sign: () => void): NodeJS.Timeout | undefined => {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = env
  if (!microseconds || (pid && Number(pid) !== process.pid)) return undefined
  return setInterval(sign, Math.max(Number(microseconds) / 2_000, 100))
}
