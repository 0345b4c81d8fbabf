import pidusage from 'pidusage'
import { isErrno } from './errno.ts'

/** What one process takes: resident memory, and per cent of one core since the last reading. */
export type Usage = { readonly memoryBytes: number; readonly cpuPercent: number }

/** Readings of those that still run; the others are left out. Supervisor thread. */
export const readUsage = async (pids: readonly number[]): Promise<ReadonlyMap<number, Usage>> => {
  if (pids.length === 0) return new Map()
  const stats = await read(pids)
  return new Map(
    pids.flatMap((pid) => {
      const stat = stats[pid]
      return stat ? [[pid, { memoryBytes: stat.memory, cpuPercent: stat.cpu }] as const] : []
    }),
  )
}

const read = async (pids: readonly number[]): Promise<Record<string, pidusage.Status | null | undefined>> => {
  try {
    return await pidusage([...pids])
  } catch (error) {
    // pidusage rejects when none of the processes runs any more, and only then leaves survivors out by itself.
    if (isErrno(error, 'ENOENT', 'ESRCH') || (error instanceof Error && error.message.includes('No matching pid'))) return {}
    throw error
  }
}
