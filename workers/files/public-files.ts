/** Finds files by the path of a request. One per routing snapshot and worker thread; it remembers, hence the limits. */
import type { StaticFilesConfig } from '../../src/config/config.ts'
import type { CompressionConfig } from '../compression-policy.ts'
import { compileCacheControl } from './cache-control.ts'
import { compileGlance, compileLocate, type FileOwner } from './locate.ts'
import { createMemory, type Memory } from './memory.ts'
import type { FoundFile } from './mount.ts'
import { describe, type Found, type Look, type Representation } from './public-file.ts'

const RECHECK_MS = 1_000
const REMEMBERED_FILES = 8_192
const REMEMBERED_MISSES = 4_096
const NOTHING: Found = { kind: 'nothing' }

export type PublicFiles = {
  /**
   * What is at `path`, percent-encoded as sent: at first in the tenant's own directory, then in the server's. The answer is
   * at most a second old. Never throws: what cannot be looked at is not there. `isGuarded`: who gets it has been asked for a
   * password, so no shared cache may keep it.
   */
  find(path: string, owner?: FileOwner, isGuarded?: boolean): Found
  readonly memory: Memory
}

export type PublicFilesOptions = {
  /** '' or with a slash at both ends. */
  readonly rootPath: string
  /** Undefined when nothing is to be compressed. */
  readonly compression?: CompressionConfig | undefined
  /** The clock, in ms since the epoch. */
  readonly now?: () => number
}

/** Compiles `server.static`. */
export const createPublicFiles = (
  config: StaticFilesConfig,
  { rootPath, compression, now = Date.now }: PublicFilesOptions,
): PublicFiles => {
  const memory = createMemory(config.memory)
  const looks = createLooks(memory)
  const locate = compileLocate(config, rootPath)
  const mayBeFile = compileGlance(config)
  const cacheControlOf = compileCacheControl(config)

  const lookAgain = (key: string, { path, owner, isGuarded }: Sought): Found => {
    const look = looks.get(key) ?? { at: 0, found: NOTHING }
    look.at = now()
    const hit = locate(path, owner)
    if (hit?.kind === 'file' && isSame(look.found, hit.forms)) representationsOf(look.found).forEach(memory.keep)
    else {
      representationsOf(look.found).forEach(memory.forget)
      const about = { look, now: look.at, cacheControl: cacheControlOf(path, isGuarded), headers: config.headers, compression }
      look.found = hit?.kind === 'file' ? { kind: 'file', representations: describe(hit.forms, about) } : (hit ?? NOTHING)
    }
    looks.set(key, look)
    return look.found
  }

  return {
    find(path, owner, isGuarded = false) {
      if (!mayBeFile(path)) return NOTHING
      const key = owner === undefined && !isGuarded ? path : `${owner?.name ?? ''}\0${isGuarded}${path}`
      const look = looks.get(key)
      const age = look === undefined ? -1 : now() - look.at
      // A clock that was put back must not keep a look for ever.
      return age >= 0 && age < RECHECK_MS ? look!.found : lookAgain(key, { path, owner, isGuarded })
    },
    memory,
  }
}

type Sought = { readonly path: string; readonly owner: FileOwner | undefined; readonly isGuarded: boolean }

const representationsOf = (found: Found): readonly Representation[] => (found.kind === 'file' ? found.representations : [])

const isSame = (found: Found, forms: readonly FoundFile[]): boolean => {
  const before = representationsOf(found)
  return (
    before.length === forms.length &&
    forms.every(({ path, facts }, index) => path === before[index]!.path && facts.version === before[index]!.facts.version)
  )
}

/** Two bounded tables, so that a flood of paths that do not exist drives out no file. */
const createLooks = (memory: Memory) => {
  const files = new Map<string, Look>()
  const misses = new Map<string, Look>()
  return {
    get: (key: string): Look | undefined => files.get(key) ?? misses.get(key),
    /** What was looked for longest ago goes first. */
    set(key: string, look: Look): void {
      files.delete(key)
      misses.delete(key)
      const isMiss = look.found.kind === 'nothing'
      const looks = isMiss ? misses : files
      // A copy: a slice of a request's head would keep all of that head.
      looks.set(Buffer.from(key).toString(), look)
      if (looks.size <= (isMiss ? REMEMBERED_MISSES : REMEMBERED_FILES)) return
      const [oldest, out] = looks.entries().next().value!
      looks.delete(oldest)
      representationsOf(out.found).forEach(memory.forget)
    },
  }
}
