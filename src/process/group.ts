import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { isErrno } from './errno.ts'

/** Sends to every process of the group. False when there is none left, or none we may signal. */
export const signalGroup = (pgid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-pgid, signal)
    return true
  } catch (error) {
    if (isErrno(error, 'ESRCH', 'EPERM')) return false
    throw error
  }
}

/** Whether a process of the group still runs. Zombies that nobody has collected yet do not count, where /proc tells. */
export const isGroupAlive = (pgid: number): boolean => {
  if (!signalGroup(pgid, 0)) return false
  return process.platform !== 'linux' || listProcesses().some((entry) => entry.pgid === pgid)
}

/** Ends the group: SIGTERM, then after `graceMs` SIGKILL. Resolves once it is gone, at the latest a second after the SIGKILL. */
export const endGroup = async (pgid: number, graceMs: number): Promise<void> => {
  signalGroup(pgid, 'SIGTERM')
  if (await isGroupGone(pgid, graceMs)) return
  signalGroup(pgid, 'SIGKILL')
  await isGroupGone(pgid, 1_000)
}

/** Waits for the group to be gone, by looking: the system tells us only about our own children. */
export const isGroupGone = async (pgid: number, withinMs: number): Promise<boolean> => {
  const deadline = performance.now() + withinMs
  for (let waitMs = 2; isGroupAlive(pgid); waitMs = Math.min(waitMs * 2, 50)) {
    if (performance.now() >= deadline) return false
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  return true
}

/** One live process as the kernel lists it. `startedAt` is opaque: compare, do not compute. */
export type ProcessEntry = { readonly pid: number; readonly pgid: number; readonly session: number; readonly startedAt: string }

/**
 * When the kernel started this process, as an opaque word: with the pid it names one process for ever, as a pid alone does not.
 * Undefined when no such process runs.
 */
export const startOf = (pid: number): string | undefined => {
  if (process.platform === 'linux') return readEntry(pid)?.startedAt
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() ||
      undefined
    )
  } catch {
    return undefined // ps exits 1 when there is no such process.
  }
}

/** Every live process, zombies left out. Linux only: elsewhere the list is empty. */
export const listProcesses = (): readonly ProcessEntry[] => {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => name.charCodeAt(0) <= 0x39)
    .map((name) => readEntry(Number(name)))
    .filter((entry) => entry !== undefined)
}

/** Which run of which system pids belong to: after a reboot, or in another container, all of them mean something else. */
export const currentEra = (): string => {
  if (process.platform !== 'linux') return 'any'
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${startOf(1) ?? ''}`
}

const readEntry = (pid: number): ProcessEntry | undefined => {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    // Where /proc hides other users' processes, those are refused or missing: they are none of ours.
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined
    throw error
  }
  // The second field is the program's name in parentheses and may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return { pid, pgid: Number(fields[2]), session: Number(fields[3]), startedAt: fields[19]! }
}
