import { createHmac, randomBytes } from 'node:crypto'
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import type { Logger } from '../log/logger.ts'
import { type PasswordTable, parseHtpasswd } from '../passwords/htpasswd.ts'
import type { PasswordOutcome } from '../protocol/messages.ts'
import { openHashPool } from './hash-pool.ts'

/** Knows every password file of the configuration, as it is now. Supervisor thread. */
export type Passwords = {
  /** The files to know from now on. */
  adopt(config: Config): void
  /** Never rejects. Takes as long for a name that nobody has. */
  check(asked: { readonly file: string; readonly user: string; readonly password: string }): Promise<PasswordOutcome>
  close(): Promise<void>
}

/** Half of the second within which a removed user must be out. */
const LOOK_EVERY_MS = 500

/** `changed` is called once a file's new content is what counts. */
export const createPasswords = ({ log, changed }: { readonly log: Logger; changed(file: string): void }): Passwords => {
  const files = new Map<string, PasswordFile>()
  const pool = openHashPool()

  const check: Passwords['check'] = async (asked) => {
    const file = files.get(asked.file)
    const content = file?.content
    const users = await content
    if (file === undefined || users === undefined) return 'unavailable'
    const hash = users.get(asked.user)
    const fits = await pool.verify(asked.password, hash ?? decoyFor(asked.user, users))
    // What was found out by an old content is worth nothing.
    if (file.content !== content) return check(asked)
    if (fits === undefined) return 'unavailable'
    return fits && hash !== undefined ? 'verified' : 'refused'
  }

  return {
    adopt(config) {
      const wanted = filesOf(config)
      for (const [path, file] of files) {
        if (wanted.has(path)) continue
        file.close()
        files.delete(path)
      }
      for (const path of wanted) if (!files.has(path)) files.set(path, follow(path, { log, changed }))
    },
    check: (asked) =>
      check(asked).catch((err: unknown) => {
        log.error({ file: asked.file, err }, 'password check failed')
        return 'unavailable'
      }),
    async close() {
      for (const file of files.values()) file.close()
      files.clear()
      await pool.close()
    },
  }
}

const filesOf = ({ auth, tenants }: Config): ReadonlySet<string> =>
  new Set([auth.htpasswd, ...tenants.map(({ htpasswd }) => htpasswd)].filter((file) => file !== undefined))

let decoyKey: Buffer | undefined

/** The hash of somebody else, always the same for one name: so names that exist cannot be told by the time a refusal takes. */
const decoyFor = (user: string, users: PasswordTable): string => {
  const hashes = [...users.values()]
  decoyKey ??= randomBytes(32)
  const index = createHmac('sha256', decoyKey).update(user).digest().readUInt32LE() % Math.max(1, hashes.length)
  return hashes[index] ?? ''
}

/** One file, read anew whenever it changes. `content` is undefined while it can't be read. */
type PasswordFile = { readonly content: Promise<PasswordTable | undefined>; close(): void }

const follow = (path: string, { log, changed }: { readonly log: Logger; changed(file: string): void }): PasswordFile => {
  let content = read(path, log)
  const look = async () => {
    const newest = read(path, log)
    content = newest
    if ((await newest) !== undefined) log.info({ file: path }, 'password file read anew')
    if (content === newest) changed(path)
  }
  const onChange = () => void look()
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, onChange)
  return {
    get content() {
      return content
    },
    close: () => unwatchFile(path, onChange),
  }
}

/** Without the file nobody gets in; without a line, its user does not. */
const read = async (path: string, log: Logger): Promise<PasswordTable | undefined> => {
  try {
    const { users, problems } = parseHtpasswd(await readFile(path, 'utf8'))
    for (const { line, message } of problems)
      log.error({ at: `${path}:${line}`, reason: message }, 'password file has a line that lets nobody in')
    return users
  } catch (error) {
    log.error(
      { file: path, reason: (error as NodeJS.ErrnoException).code ?? String(error) },
      'password file cannot be read: nobody gets in',
    )
    return undefined
  }
}
