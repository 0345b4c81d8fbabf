import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Account } from './config.ts'
import type { Findings } from './findings.ts'
import { type MapNode, type Path, positionOf } from './tree.ts'

/** What the system knows of users and groups. Undefined for names it does not know. */
export type Accounts = {
  user(name: string): User | undefined
  group(name: string): number | undefined
}

/** `groups` are those it is a member of, besides `gid`. */
export type User = { readonly uid: number; readonly gid: number; readonly home: string; readonly groups: readonly number[] }

/** Names as the file has them at one level, and where that is. */
export type Wanted = { readonly user?: string | undefined; readonly group?: string | undefined; readonly path: Path }

/** The system's own, from its files, and from its directory service where there is `getent`. Read anew for each configuration. */
export const systemAccounts = (): Accounts => {
  const passwd = entriesOf('/etc/passwd')
  const groups = entriesOf('/etc/group')
  const find = (entries: readonly Entry[], database: string, name: string): Entry | undefined =>
    entries.find(([known, _, id]) => known === name || id === name) ?? askDirectory(database, name)
  const users = new Map<string, User | undefined>()
  const userOf = (name: string): User | undefined => {
    const entry = find(passwd, 'passwd', name)
    if (!entry) return undefined
    const [login, _, uid, gid, __, home = '/'] = entry
    const member = groups.filter(([, , , members = '']) => members.split(',').includes(login!)).map(([, , id]) => Number(id))
    return { uid: Number(uid), gid: Number(gid), home, groups: passwd.includes(entry) ? member : askGroups(login!, member) }
  }
  return {
    user(name) {
      // All tenants may name the same.
      if (!users.has(name)) users.set(name, userOf(name))
      return users.get(name)
    },
    group(name) {
      const id = find(groups, 'group', name)?.[2]
      return id === undefined ? undefined : Number(id)
    },
  }
}

/** Who a process is run as, the first level that names a user or a group before the second; nothing when none does. */
export const resolveAccount = (
  [first, second]: readonly [Wanted, Wanted?],
  { accounts, root, findings }: { readonly accounts: Accounts; readonly root: MapNode; readonly findings: Findings },
): { readonly account?: Account } => {
  const from = (key: 'user' | 'group') => [first, second].find((level) => level?.[key] !== undefined)
  const unknown = (key: 'user' | 'group', { path, [key]: name }: Wanted) => {
    const hint = `add it to the system, or write another ${key}`
    findings.error(`this system knows no ${key} "${name}"`, positionOf(root, [...path, key]), hint)
    return {}
  }
  const userFrom = from('user')
  // The group of all is not meant for a user of one's own.
  const groupFrom = first.user === undefined ? from('group') : first.group === undefined ? undefined : first
  if (!userFrom && !groupFrom) return {}
  const user = userFrom && accounts.user(userFrom.user!)
  if (userFrom && !user) return unknown('user', userFrom)
  const gid = groupFrom ? accounts.group(groupFrom.group!) : user!.gid
  if (gid === undefined) return unknown('group', groupFrom!)
  const login = user && { user: userFrom!.user!, uid: user.uid, home: user.home }
  const groups = [...new Set([gid, ...(user?.groups ?? [])])]
  return { account: { gid, groups, ...login } }
}

type Entry = readonly string[]

const entriesOf = (file: string): readonly Entry[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
  } catch {
    return [] // A system without the file asks its directory.
  }
}

const askDirectory = (database: string, name: string): Entry | undefined => {
  const line = answerOf('getent', [database, '--', name])
  return line === undefined ? undefined : line.trim().split(':')
}

const askGroups = (login: string, otherwise: readonly number[]): readonly number[] =>
  answerOf('id', ['-G', '--', login])?.trim().split(/\s+/).map(Number) ?? otherwise

/** Undefined when there is no such program or name. */
const answerOf = (command: string, args: readonly string[]): string | undefined => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5_000 })
  } catch {
    return undefined
  }
}
