import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NavigatorError } from '../errors.ts'
import { isErrno } from './errno.ts'
import { startOf } from './group.ts'

/** The classic PID file: a number and nothing else, for scripts. Disposal removes it if it is still ours. */
export type PidFile = Disposable & {
  /** Undefined when another live navigator has it, or when the usual place, not asked for, cannot be written. */
  readonly path: string | undefined
}

/**
 * Removes what an app that was killed left as its own PID file (`PIDFILE` in its environment), or Rails refuses to start when a stranger
 * has got that pid since. A file that holds anything but a pid is left alone. Nobody is signalled. Supervisor thread, before a start.
 */
export const dropAppPidFile = (path: string): void => {
  if (pidIn(path) !== undefined) rmSync(path, { force: true })
}

/** @throws NAV_CONTROL_FAILED when `NAVIGATOR_PID_FILE` names a file that cannot be written. */
export const claimPidFile = (env: NodeJS.ProcessEnv): PidFile => {
  const path = env['NAVIGATOR_PID_FILE'] || join(tmpdir(), 'navigator.pid')
  if (!isFree(path) || !write(path, env['NAVIGATOR_PID_FILE'] !== undefined)) return { path: undefined, [Symbol.dispose]() {} }
  return {
    path,
    [Symbol.dispose]() {
      if (pidIn(path) === process.pid) rmSync(path, { force: true })
    },
  }
}

const isFree = (path: string): boolean => {
  const pid = pidIn(path)
  return pid === undefined || pid === process.pid || startOf(pid) === undefined || !isNavigator(pid)
}

const pidIn = (path: string): number | undefined => {
  try {
    const pid = Number(readFileSync(path, 'latin1').trim())
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined
    throw error
  }
}

/** The file holds only a pid, which may be a stranger's by now, so its command line is asked. Where it cannot be read, we keep off. */
const isNavigator = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('navigator')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return process.platform !== 'linux'
    throw error
  }
}

const write = (path: string, isWanted: boolean): boolean => {
  try {
    // Removed and made anew, so that a link planted in a shared directory is never followed.
    rmSync(path, { force: true })
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 })
    return true
  } catch (cause) {
    if (!isWanted && isErrno(cause, 'EACCES', 'EPERM', 'EROFS', 'EEXIST')) return false
    throw new NavigatorError('NAV_CONTROL_FAILED', `cannot write the PID file ${path}: ${String(cause)}`, {
      hint: 'set NAVIGATOR_PID_FILE to a place this user may write to',
      cause,
    })
  }
}
