import { statSync } from 'node:fs'

/** Which state of a file was seen: a change of its text changes this, an editor's replacing it too. */
export type FileVersion = { readonly inode: number; readonly size: number; readonly mtimeMs: number }

/** Undefined when there is no such file. */
export const versionOf = (file: string): FileVersion | undefined => {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat && { inode: stat.ino, size: stat.size, mtimeMs: stat.mtimeMs }
}

export const isSameVersion = (a: FileVersion | undefined, b: FileVersion | undefined): boolean =>
  a?.inode === b?.inode && a?.size === b?.size && a?.mtimeMs === b?.mtimeMs
