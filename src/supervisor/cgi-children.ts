/** What the supervisor does for the CGI scripts that workers run: logs what they say, and ends those whose worker is gone. */
import type { Logger } from '../log/logger.ts'
import type { PidDirectory } from '../process/leftovers.ts'
import { adoptGroup, disownGroup, killGroup } from '../process/run.ts'
import { unreachable, type WorkerMessage } from '../protocol/messages.ts'

export type CgiMessage = Extract<WorkerMessage, { readonly type: `cgi.${string}` }>

/** Supervisor thread. */
export type CgiChildren = {
  hear(worker: number, message: CgiMessage): void
  /** Its thread is gone, and nobody is left to end its scripts. */
  workerGone(worker: number): void
}

/** What it is made from. */
export type CgiChildrenParts = {
  readonly pids: PidDirectory
  readonly log: Logger
  onLine(source: string, stream: 'stderr', line: string): void
}

export const createCgiChildren = ({ pids, log, onLine }: CgiChildrenParts): CgiChildren => {
  const workerOf = new Map<number, number>()
  const forget = (pid: number): void => {
    workerOf.delete(pid)
    disownGroup(pid)
    pids.forget(pid)
  }

  return {
    hear(worker, message) {
      switch (message.type) {
        case 'cgi.started':
          workerOf.set(message.pid, worker)
          adoptGroup(message.pid)
          return pids.record(message.script, message.pid)
        case 'cgi.ended':
          forget(message.pid)
          return logEnd(log, message)
        case 'cgi.said':
          return onLine(message.script, 'stderr', message.line)
        case 'cgi.failed':
          return log.error({ script: message.script, reason: message.reason }, 'cgi script could not be run')
        default:
          return unreachable(message)
      }
    },
    workerGone(gone) {
      for (const [pid, worker] of workerOf) {
        if (worker !== gone) continue
        killGroup(pid)
        forget(pid)
      }
    },
  }
}

const logEnd = (log: Logger, { script, code, signal, tookMs }: Extract<CgiMessage, { type: 'cgi.ended' }>): void => {
  const fields = { script, ...(signal === null ? { code } : { signal }), tookMs }
  if (code === 0) log.info(fields, 'cgi script ended')
  else log.warn(fields, 'cgi script failed')
}
