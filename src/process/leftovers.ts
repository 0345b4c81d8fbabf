import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentEra, endGroup, listProcesses, startOf } from './group.ts'

const GRACE_MS = 2_000

/** Where `endLeftovers` says what it ended. */
export type LeftoverLog = { warn(fields: object, message: string): void }

/**
 * Remembers on disk which processes run, so that the next supervisor finds what a killed one left. Supervisor thread.
 * A process is known by pid, the kernel's start time and the run of the system it belongs to: never by its pid alone.
 */
export type PidDirectory = {
  record(name: string, pid: number): void
  forget(pid: number): void
  /** Ends what an earlier supervisor recorded here and did not forget: each group gets SIGTERM, after 2 s SIGKILL. Gives their number. */
  endLeftovers(log: LeftoverLog): Promise<number>
}

/** @param directory absolute; made when first needed, for this user only. One live supervisor at a time may use it. */
export const createPidDirectory = (directory: string): PidDirectory => {
  const fileOf = (pid: number) => join(directory, `${pid}.json`)
  const era = currentEra()

  const endOne = async (file: string, log: LeftoverLog): Promise<boolean> => {
    const leftover = parse(readFileSync(join(directory, file), 'utf8'))
    const isOurs = leftover !== undefined && leftover.era === era && isStillRunning(leftover)
    if (isOurs) {
      log.warn({ name: leftover.name, pid: leftover.pid }, 'ending a process that an earlier navigator left running')
      await endGroup(leftover.pid, GRACE_MS)
    }
    rmSync(join(directory, file), { force: true })
    return isOurs
  }

  return {
    record(name, pid) {
      const startedAt = startOf(pid)
      if (startedAt === undefined) return // It has ended already.
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeFileSync(fileOf(pid), JSON.stringify({ name, pid, startedAt, era } satisfies Leftover), { mode: 0o600 })
    },
    forget: (pid) => rmSync(fileOf(pid), { force: true }),
    async endLeftovers(log) {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const files = readdirSync(directory).filter((file) => /^\d+\.json$/.test(file))
      const ended = await Promise.all(files.map((file) => endOne(file, log)))
      return ended.filter(Boolean).length
    },
  }
}

type Leftover = { readonly name: string; readonly pid: number; readonly startedAt: string; readonly era: string }

/** Undefined for a file cut short by the supervisor's death. */
const parse = (text: string): Leftover | undefined => {
  try {
    const { name, pid, startedAt, era } = JSON.parse(text)
    return Number.isInteger(pid) && pid > 1 ? { name: String(name), pid, startedAt: String(startedAt), era: String(era) } : undefined
  } catch {
    return undefined
  }
}

/**
 * The leader under its own start time, or, when it has died, what it forked and left in its group. A group number is not given to a
 * new process while the group has members. Each of our processes leads its own session too, so a member of the group that is in
 * another session, or older than the leader was, is a stranger's.
 */
const isStillRunning = ({ pid, startedAt }: Leftover): boolean => {
  const start = startOf(pid)
  if (start !== undefined) return start === startedAt
  const members = listProcesses().filter((entry) => entry.pgid === pid)
  return members.length > 0 && members.every((entry) => entry.session === pid && Number(entry.startedAt) >= Number(startedAt))
}
