import { type BigIntStats, realpathSync, statSync } from 'node:fs'

/** What a file was when it was last looked at. */
export type FileFacts = {
  readonly size: number
  /** Modification, in ms since the epoch. */
  readonly modifiedAt: number
  /** Another one as soon as octets may be others: a strong entity tag with its quotes. */
  readonly etag: string
  /** Like `etag`, and also for what an entity tag need not tell: a change of owner or mode. */
  readonly version: string
}

const STAT = { bigint: true, throwIfNoEntry: false } as const

/** Facts of a regular file; undefined for anything else, and when it cannot be looked at for whatever reason. */
export const factsAt = (path: string): FileFacts | undefined => {
  const stats = statsAt(path)
  return stats?.isFile() ? factsFrom(stats) : undefined
}

export const isDirectory = (path: string): boolean => statsAt(path)?.isDirectory() === true

/** Facts from the result of `fstat`, with `bigint: true`. */
export const factsFrom = (stats: BigIntStats): FileFacts => {
  const identity = `${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.ino.toString(36)}`
  return {
    size: Number(stats.size),
    modifiedAt: Number(stats.mtimeMs),
    etag: `"${identity}"`,
    version: `${identity}-${stats.ctimeNs.toString(36)}`,
  }
}

/** Where a path leads when all symbolic links have been followed; undefined when nowhere. */
export const realPathOf = (path: string): string | undefined => {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}

/** Any error is a miss: a path below a file, a name too long, a directory that may not be searched. */
const statsAt = (path: string): BigIntStats | undefined => {
  try {
    return statSync(path, STAT)
  } catch {
    return undefined
  }
}
