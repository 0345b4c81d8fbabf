import { readFile } from 'node:fs/promises'
import { isErrno } from './errno.ts'
import { listProcesses } from './group.ts'
import { readUsage } from './usage.ts'

/**
 * What the processes of these groups take together, in bytes, by group. Pages that several share count once as soon as that
 * decides whether it is more than `most` bytes. Elsewhere than on Linux only the leader counts. Supervisor thread.
 */
export const readGroupMemory = async (most: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number>> => {
  if (most.size === 0) return new Map()
  if (process.platform !== 'linux') {
    return new Map([...(await readUsage([...most.keys()]))].map(([pid, { memoryBytes }]) => [pid, memoryBytes]))
  }
  const members = Map.groupBy(
    listProcesses().filter(({ pgid }) => most.has(pgid)),
    ({ pgid }) => pgid,
  )
  const reads = [...members].map(async ([pgid, processes]) => {
    const pids = processes.map(({ pid }) => pid)
    const resident = await sum(pids, residentOf)
    return [pgid, resident > most.get(pgid)! ? await sum(pids, shareOf) : resident] as const
  })
  return new Map(await Promise.all(reads))
}

const sum = async (pids: readonly number[], read: (pid: number) => Promise<number>): Promise<number> =>
  (await Promise.all(pids.map(read))).reduce((total, bytes) => total + bytes, 0)

const residentOf = async (pid: number): Promise<number> => (await kilobytes(`/proc/${pid}/status`, 'VmRSS')) ?? 0

/** Its own pages and its share of those that others have too. The kernel tells this of our own children, or to root. */
const shareOf = async (pid: number): Promise<number> => (await kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss')) ?? residentOf(pid)

/** In bytes. Undefined when the process has ended, or the file is not for us. */
const kilobytes = async (file: string, key: string): Promise<number | undefined> => {
  try {
    const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(await readFile(file, 'latin1'))
    return match ? Number(match[1]) * 1024 : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined
    throw error
  }
}
