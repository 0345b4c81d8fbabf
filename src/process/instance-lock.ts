import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { NavigatorError } from '../errors.ts'
import { isErrno } from './errno.ts'
import { currentEra, startOf } from './group.ts'
import { claimPidFile } from './pid-file.ts'

const LOCK = 'navigator.pid'

/** Held while this navigator runs on its configuration. */
export type InstanceLock = {
  /** The classic PID file it wrote, for `kill -HUP $(cat …)`; undefined when another live navigator has it. */
  readonly pidFile: string | undefined
}

/**
 * The directory of one configuration's running instance: lock, PID records, control socket. Made if need be, for this user only.
 * `NAVIGATOR_RUNTIME_DIR`, else `XDG_RUNTIME_DIR/navigator` where that exists, else `navigator-<uid>` in the temporary directory.
 * @throws NAV_CONTROL_FAILED when it cannot be made or belongs to somebody else.
 */
export const runtimeDirectory = (configFile: string, env: NodeJS.ProcessEnv): string => {
  const file = resolve(configFile)
  // A Unix socket's path may have 107 bytes, so the readable part is short.
  const name = basename(file)
    .replace(/\.ya?ml$/, '')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 24)
  const base = baseDirectory(env)
  ownDirectory(base)
  const directory = join(base, `${name}-${fingerprint(file)}`)
  ownDirectory(directory)
  return directory
}

/** 12 hexadecimal digits of FNV-1a: to tell paths apart, for which node:crypto would stay in memory. */
const fingerprint = (text: string): string =>
  Buffer.from(text)
    .reduce((hash, octet) => BigInt.asUintN(64, (hash ^ BigInt(octet)) * 0x100000001b3n), 0xcbf29ce484222325n)
    .toString(16)
    .padStart(16, '0')
    .slice(4)

/**
 * Takes the lock of an instance until disposal, and the classic PID file (`NAVIGATOR_PID_FILE`, else navigator.pid in the temporary
 * directory) if no other live navigator has it. Supervisor thread.
 * @throws NAV_ALREADY_RUNNING when a live instance holds the lock.
 */
export const lockInstance = (directory: string, configFile: string, env: NodeJS.ProcessEnv = process.env): InstanceLock & Disposable => {
  const lock = join(directory, LOCK)
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid), era: currentEra(), configFile } satisfies Holder)
  while (!createWhole(lock, mine)) {
    const holder = liveHolder(lock)
    if (holder) throw alreadyRunning(holder, configFile)
    setAsideStale(lock)
  }
  using taken = new DisposableStack()
  taken.defer(() => {
    if (readOrNothing(lock) === mine) rmSync(lock, { force: true })
  })
  const pidFile = taken.use(claimPidFile(env))
  const held = taken.move()
  return { pidFile: pidFile.path, [Symbol.dispose]: () => held.dispose() }
}

/** The live instance that holds the lock of this runtime directory. Any process. */
export const runningInstance = (directory: string): { readonly pid: number } | undefined => {
  const holder = liveHolder(join(directory, LOCK))
  return holder && { pid: holder.pid }
}

type Holder = { readonly pid: number; readonly startedAt: string | undefined; readonly era: string; readonly configFile: string }

const alreadyRunning = (holder: Holder, configFile: string): NavigatorError =>
  new NavigatorError('NAV_ALREADY_RUNNING', `navigator already runs on ${configFile} (pid ${holder.pid})`, {
    hint: `navigator reload ${configFile} applies changes; kill ${holder.pid} stops it`,
  })

/** Makes the file with all of its text at once, or gives false when there is one already. */
const createWhole = (file: string, text: string): boolean => {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600 })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Two may find the same stale lock at once: what is moved away is looked at again, lest it be the lock the other has just made. */
const setAsideStale = (lock: string): void => {
  const aside = `${lock}.stale.${process.pid}`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  if (liveHolder(aside)) createWhole(lock, readFileSync(aside, 'utf8'))
  rmSync(aside, { force: true })
}

const liveHolder = (lock: string): Holder | undefined => {
  const text = readOrNothing(lock)
  if (text === undefined) return undefined
  try {
    const holder: Holder = Object(JSON.parse(text))
    return holder.era === currentEra() && startOf(holder.pid) === holder.startedAt ? holder : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined // not written by us, or cut short by a full disk
    throw error
  }
}

const readOrNothing = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

const baseDirectory = (env: NodeJS.ProcessEnv): string => {
  if (env['NAVIGATOR_RUNTIME_DIR']) return resolve(env['NAVIGATOR_RUNTIME_DIR'])
  const session = env['XDG_RUNTIME_DIR']
  return session && existsSync(session) ? join(session, 'navigator') : join(tmpdir(), `navigator-${ownUid()}`)
}

const ownDirectory = (directory: string): void => {
  const hint = 'set NAVIGATOR_RUNTIME_DIR to a directory that only this user may write to'
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new NavigatorError('NAV_CONTROL_FAILED', `cannot make the runtime directory ${directory}: ${String(cause)}`, { hint, cause })
  }
  const stat = lstatSync(directory)
  if (!stat.isDirectory() || stat.uid !== ownUid()) {
    throw new NavigatorError('NAV_CONTROL_FAILED', `the runtime directory ${directory} belongs to user ${stat.uid} or is a link`, { hint })
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(directory, 0o700)
}

/** Not `os.userInfo()`, which throws for a user without an entry in the password file, as containers have. */
const ownUid = (): number => process.getuid!()
