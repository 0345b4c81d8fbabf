/** Which numbers stand for the user and group a CGI script runs as. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { CgiScriptConfig } from '../../src/config/config.ts'

/** For `spawn`; empty means: as navigator itself. */
export type Identity = { readonly uid?: number; readonly gid?: number }

const run = promisify(execFile)
const known = new Map<string, Promise<number>>()

/**
 * Asks the system once for each name. Worker thread.
 * @throws Error, saying why, when a name is unknown or navigator may not become another user.
 */
export const identityOf = async ({ user, group }: Pick<CgiScriptConfig, 'user' | 'group'>): Promise<Identity> => {
  const uid = user === undefined ? undefined : await numberOf('user', user)
  const gid = group === undefined ? user && (await numberOf('group of user', user)) : await numberOf('group', group)
  const isAsked = (uid !== undefined && uid !== process.getuid?.()) || (typeof gid === 'number' && gid !== process.getgid?.())
  if (!isAsked) return {}
  if (process.getuid?.() !== 0) {
    throw new Error(`only root may run it as ${[user && `user ${user}`, group && `group ${group}`].filter(Boolean).join(', ')}`)
  }
  return { ...(uid === undefined ? {} : { uid }), ...(typeof gid === 'number' ? { gid } : {}) }
}

type Kind = 'user' | 'group' | 'group of user'

const numberOf = (kind: Kind, name: string): Promise<number> => {
  const key = `${kind} ${name}`
  const number = known.get(key) ?? ask(kind, name)
  known.set(key, number)
  // Somebody may add the name to the system.
  number.catch(() => known.delete(key))
  return number
}

const ask = async (kind: Kind, name: string): Promise<number> => {
  if (kind !== 'group of user' && /^\d+$/.test(name)) return Number(name)
  const [command, ...args] = kind === 'group' ? ['getent', 'group', name] : ['id', kind === 'user' ? '-u' : '-g', name]
  const answer = await run(command!, args).catch(() => undefined)
  const number = kind === 'group' ? answer?.stdout.split(':')[2] : answer?.stdout
  if (number === undefined || !/^\d+\s*$/.test(number)) throw new Error(`this system knows no ${kind} ${name}`)
  return Number(number)
}
