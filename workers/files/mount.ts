/** Looks for a file in one directory: the exact name first, then as `try_files` says. Reads the disk, remembers nothing. */
import { posix } from 'node:path'
import type { StaticFilesConfig } from '../../src/config/config.ts'
import type { Coding } from '../accept-encoding.ts'
import { type FileFacts, factsAt, isDirectory, realPathOf } from './facts.ts'
import { extensionOf, isWellKnown } from './url-path.ts'

/** A directory and the URL prefix, with a slash at both ends, under which its files are. */
export type Mount = { readonly prefix: string; readonly directory: string }

export type FoundFile = { readonly path: string; readonly coding: Coding | undefined; readonly facts: FileFacts }

/** The file itself comes first, its compressed siblings after it. */
export type Hit = { readonly kind: 'file'; readonly forms: readonly FoundFile[] } | { readonly kind: 'directory' } | undefined

/** Best first, where the client has no preference: the usual order of size. */
const SIBLINGS = [
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
] as const

/** `name` is decoded and begins with the mount's prefix. */
export const findIn = (mount: Mount, name: string, config: StaticFilesConfig): Hit => {
  const inner = name.slice(mount.prefix.length - 1)
  const place = { directory: mount.directory, config }
  if (isWellKnown(name)) return fileHit(place, inner)
  const extension = extensionOf(inner)
  if (extension !== '') return isAllowed(extension, config) ? fileHit(place, inner) : undefined
  return complete(place, inner)
}

/** Whether a path without extension may stand for a file at all. */
export const completesPaths = ({ try_files, normalize_trailing_slashes }: StaticFilesConfig): boolean =>
  try_files.length > 0 || normalize_trailing_slashes

type Place = { readonly directory: string; readonly config: StaticFilesConfig }

const isAllowed = (extension: string, { allowed_extensions }: StaticFilesConfig): boolean =>
  allowed_extensions.length === 0 ||
  allowed_extensions.some((allowed) => allowed.replace(/^\./, '').toLowerCase() === extension.toLowerCase())

const complete = (place: Place, inner: string): Hit => {
  const { try_files, normalize_trailing_slashes, allowed_extensions } = place.config
  if (!inner.endsWith('/')) {
    const exact = try_files.length > 0 && allowed_extensions.length === 0 ? fileHit(place, inner) : undefined
    if (exact !== undefined) return exact
    if (normalize_trailing_slashes && isSlashless(place, inner)) return { kind: 'directory' }
  }
  for (const ending of try_files) {
    // `/a/` and `.html` would make a dot file.
    if (inner.endsWith('/') && ending.startsWith('.')) continue
    const hit = fileHit(place, inner + ending)
    if (hit !== undefined) return hit
  }
  return undefined
}

const isSlashless = (place: Place, inner: string): boolean =>
  isDirectory(place.directory + inner) && factsWithin(place, posix.join(place.directory, inner, 'index.html')) !== undefined

const fileHit = (place: Place, inner: string): Hit => {
  const path = posix.join(place.directory, inner)
  const plain = factsWithin(place, path)
  if (plain === undefined) return undefined
  return { kind: 'file', forms: [{ ...plain, coding: undefined }, ...(place.config.precompressed ? siblingsOf(place, path) : [])] }
}

const siblingsOf = (place: Place, path: string): readonly FoundFile[] =>
  SIBLINGS.flatMap(([coding, ending]) => {
    const sibling = factsWithin(place, path + ending)
    return sibling === undefined ? [] : [{ ...sibling, coding }]
  })

const factsWithin = ({ directory, config }: Place, path: string) => {
  const facts = factsAt(path)
  if (facts === undefined || config.follow_symlinks) return facts && { path, facts }
  const [real, root] = [realPathOf(path), realPathOf(directory)]
  // The path without links is what is opened later.
  return real !== undefined && root !== undefined && isBelow(root, real) ? { path: real, facts } : undefined
}

/** Whether `path` lies in `directory`; both without links and dot segments. */
export const isBelow = (directory: string, path: string): boolean => path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
