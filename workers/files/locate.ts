/** Which directories a path is looked for in, and in what order. */
import type { StaticFilesConfig } from '../../src/config/config.ts'
import { completesPaths, findIn, type Hit, type Mount } from './mount.ts'
import { fileNameOf } from './url-path.ts'

/** A tenant with a directory of files of its own, for URLs below its `path`. */
export type FileOwner = { readonly name: string; readonly path: string; readonly public_dir: string }

/** What is at a path, percent-encoded as sent. Reads the disk each time. */
export type Locate = (path: string, owner: FileOwner | undefined) => Hit

/** Compiles `server.static`; `rootPath` is '' or has a slash at both ends. */
export const compileLocate = (config: StaticFilesConfig, rootPath: string): Locate => {
  const mounts = mountsOf(config, rootPath)
  const mayServe = compilePaths(config.paths)
  return (path, owner) => {
    const name = mayServe(path) ? fileNameOf(path) : undefined
    if (name === undefined) return undefined
    for (const mount of owner === undefined ? mounts : [mountOf(owner), ...mounts]) {
      const hit = name.startsWith(mount.prefix) ? findIn(mount, name, config) : undefined
      if (hit !== undefined) return hit
    }
    return undefined
  }
}

/** Tells at a glance, without decoding anything, that no file can be at a path. */
export const compileGlance = (config: StaticFilesConfig): ((path: string) => boolean) => {
  if (completesPaths(config)) return () => true
  return (path) => path.includes('.', path.lastIndexOf('/')) || path.includes('%') || path.startsWith('/.well-known/')
}

/** Directories of their own come first, the longest prefix before the others; then what is below the root path; then all. */
const mountsOf = (config: StaticFilesConfig, rootPath: string): readonly Mount[] => {
  const own = config.directories.map(({ path, dir, root, prefix }) => ({
    prefix: path,
    directory: below(config.public_dir, dir ?? root ?? prefix ?? path),
  }))
  const shared = (prefix: string): Mount => ({ prefix, directory: config.public_dir.replace(/(?<=.)\/+$/, '') })
  const byLength = own.sort((one, other) => other.prefix.length - one.prefix.length)
  return [...byLength, ...(rootPath === '' ? [] : [shared(rootPath)]), shared('/')]
}

const mountOf = ({ path, public_dir }: FileOwner): Mount => ({ prefix: path, directory: public_dir })

const below = (directory: string, name: string): string => `${directory}/${name}`.replace(/\/+/g, '/').replace(/\/$/, '')

/** `/assets/*`; a pattern without a star is a prefix. */
const compilePaths = (patterns: readonly string[] | undefined): ((path: string) => boolean) => {
  if (patterns === undefined) return () => true
  const sources = patterns.map((pattern) => pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'))
  const expression = new RegExp(`^(?:${sources.join('|')})${patterns.some((pattern) => pattern.includes('*')) ? '$' : ''}`)
  return (path) => expression.test(path)
}
