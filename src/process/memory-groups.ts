import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CgroupBase, type CgroupPlaces, findCgroupBase } from './cgroup-base.ts'
import { isErrno } from './errno.ts'
import { startOf } from './group.ts'

/** Control groups of the kernel that hold processes to an amount of memory. Supervisor thread. */
export type MemoryGroups = {
  /** One for a process about to start. @throws Error of the system. */
  lend(name: string, limitBytes: number): MemoryGroup
}

/** Disposal kills what is left in it and removes it, as soon as the kernel lets it go. */
export type MemoryGroup = Disposable & {
  /** The file to which a process writes its pid to be in the group, with all that it will start. */
  readonly membersFile: string
  /** How many processes the kernel has killed here for want of memory. Undefined when somebody has removed the group. */
  oomKills(): number | undefined
}

const PREFIX = 'navigator'
const SYSTEM: CgroupPlaces = { root: '/sys/fs/cgroup', own: '/proc/self/cgroup' }
const REMOVE_TRIES = 20
const REMOVE_WAIT_MS = 50

/** Removes what a killed navigator left. @throws Error that says why memory cannot be limited here. */
export const openMemoryGroups = (places: CgroupPlaces = SYSTEM): MemoryGroups => {
  const base = findCgroupBase(places)
  sweep(base.directory)
  let lent = 0
  return {
    lend(name, limitBytes) {
      const directory = join(base.directory, `${PREFIX}-${process.pid}-${name.replace(/[^\w.-]+/g, '_')}-${++lent}`)
      mkdirSync(directory)
      limit(base, directory, limitBytes)
      const membersFile = join(directory, 'cgroup.procs')
      return {
        membersFile,
        oomKills: () => oomKillsIn(base, directory),
        [Symbol.dispose]: () => void remove(directory, membersFile),
      }
    },
  }
}

const limit = ({ version }: CgroupBase, directory: string, limitBytes: number): void => {
  writeFileSync(join(directory, version === 1 ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes))
  // An app server without some of its workers answers some requests: all or nothing can be started again. Kernels from 4.19 on.
  const together = join(directory, 'memory.oom.group')
  if (existsSync(together)) writeFileSync(together, '1')
}

const oomKillsIn = ({ version }: CgroupBase, directory: string): number | undefined => {
  const text = readIfThere(join(directory, version === 2 ? 'memory.events' : 'memory.oom_control'))
  return text === undefined ? undefined : Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** The kernel keeps a group some time after its last member has ended. One that stays is removed by the next navigator. */
const remove = async (directory: string, membersFile: string): Promise<void> => {
  for (let tries = 0; tries < REMOVE_TRIES && !isRemoved(directory); tries++) {
    for (const pid of membersOf(membersFile)) kill(pid)
    await sleep(REMOVE_WAIT_MS, undefined, { ref: false })
  }
}

const isRemoved = (directory: string): boolean => {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    return isErrno(error, 'ENOENT')
  }
}

const membersOf = (file: string): readonly number[] => (readIfThere(file) ?? '').split('\n').filter(Boolean).map(Number)

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return undefined
    throw error
  }
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}

const sweep = (directory: string): void => {
  for (const name of readdirSync(directory)) {
    const [, pid] = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name) ?? []
    if (pid !== undefined && startOf(Number(pid)) === undefined) isRemoved(join(directory, name))
  }
}
