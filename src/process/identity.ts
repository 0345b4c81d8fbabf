import { existsSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { NavigatorError } from '../errors.ts'

/** Who a process is run as. The same shape as the configuration's `account`. */
export type Account = {
  readonly gid: number
  /** All its groups, `gid` among them. */
  readonly groups: readonly number[]
  readonly user?: string
  readonly uid?: number
  readonly home?: string
}

/** What a program is started by so that it is somebody else: for `spawn`, and words to put before its own. */
export type Disguise = { readonly ids: { readonly uid?: number; readonly gid?: number }; readonly prefix: readonly string[] }

/** That of util-linux: the one of BusyBox changes neither user nor groups. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path) && basename(realpathSync(path)) === 'setpriv')

/**
 * How to become this account. Node's own way drops all groups but one, so a member of several goes through `setpriv`; where there is
 * none, it has its first group only. Supervisor thread.
 * @throws NAV_EXEC_FAILED when that takes rights navigator does not have.
 */
export const disguiseAs = (name: string, account: Account | undefined): Disguise => {
  if (!account || isOurs(account)) return { ids: {}, prefix: [] }
  const { uid = process.geteuid!(), gid, groups } = account
  if (process.geteuid!() !== 0) {
    throw new NavigatorError('NAV_EXEC_FAILED', `${name}: only root may run it as ${account.user ?? `group ${gid}`}`, {
      hint: 'start navigator as root, or take user and group out of the configuration',
    })
  }
  if (groups.length < 2 || SETPRIV === undefined) return { ids: { uid, gid }, prefix: [] }
  return { ids: {}, prefix: [SETPRIV, `--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join(',')}`, '--'] }
}

/** What a login of this user would set. */
export const accountEnvironment = (account: Account | undefined): Readonly<Record<string, string>> =>
  account?.user === undefined ? {} : { HOME: account.home ?? '/', USER: account.user, LOGNAME: account.user }

/** Root stays root only with root's groups: a group of its own choice is a change. */
const isOurs = ({ uid, gid }: Account): boolean => (uid === undefined || uid === process.geteuid?.()) && gid === process.getegid?.()
