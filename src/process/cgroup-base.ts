import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from './errno.ts'

/** A control group in which groups with limits can be made, and which of the kernel's two ways to say so it takes. */
export type CgroupBase = { readonly version: 1 | 2; readonly directory: string }

/** Where the kernel shows its control groups, and the file that says in which of them we are. */
export type CgroupPlaces = { readonly root: string; readonly own: string }

/**
 * Finds our own control group where it may limit memory. Version 2 wants a group either to hold processes or to share out memory:
 * where ours does not share it out yet, navigator moves into a group inside of it. Supervisor thread.
 * @throws Error of the system, or one that says why there is none.
 */
export const findCgroupBase = ({ root, own }: CgroupPlaces): CgroupBase => {
  const lines = readFileSync(own, 'utf8').trim().split('\n')
  const paths = lines.map((line) => /^\d+:([^:]*):(.*)$/.exec(line)?.slice(1) ?? ['', ''])
  const unified = paths.find(([controllers]) => controllers === '')
  const memory = paths.find(([controllers]) => controllers!.split(',').includes('memory'))
  // In a container our path may be that on the host, which is not to be seen here: then ours is what is mounted.
  const within = (mount: string, path: string) => (existsSync(join(mount, path)) ? join(mount, path) : mount)
  if (unified && wordsOf(join(root, 'cgroup.controllers')).includes('memory'))
    return { version: 2, directory: shareOut(within(root, unified[1]!)) }
  const legacy = join(root, 'memory')
  if (memory && existsSync(join(legacy, 'memory.limit_in_bytes'))) return { version: 1, directory: within(legacy, memory[1]!) }
  throw new Error('the system has no control groups for memory')
}

const shareOut = (directory: string): string => {
  const control = join(directory, 'cgroup.subtree_control')
  if (wordsOf(control).includes('memory')) return directory
  if (!wordsOf(join(directory, 'cgroup.controllers')).includes('memory')) throw new Error(`${directory} may not limit memory`)
  try {
    writeFileSync(control, '+memory')
  } catch (error) {
    if (!isErrno(error, 'EBUSY')) throw error
    moveInto(join(directory, 'navigator-main'))
    writeFileSync(control, '+memory')
  }
  return directory
}

const moveInto = (directory: string): void => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'cgroup.procs'), String(process.pid))
}

const wordsOf = (file: string): readonly string[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split(/\s+/) : [])
