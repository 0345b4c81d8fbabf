/** Reads password files as Apache's `htpasswd` writes them. Any thread. */

/** Name to hash. Where a name stands twice, the last one holds. */
export type PasswordTable = ReadonlyMap<string, string>

/** A line that gives nobody entry. `line` counts from 1. */
export type PasswordProblem = { readonly line: number; readonly column: number; readonly message: string; readonly hint: string }

export type PasswordFileContent = { readonly users: PasswordTable; readonly problems: readonly PasswordProblem[] }

const HINT = 'write it with htpasswd -B, or take the line out'

/**
 * Every line `name:hash`; empty lines and those that begin with # are skipped. A line with a problem is left out, so that its
 * user is refused and all others are not. No message holds a hash.
 */
export const parseHtpasswd = (text: string): PasswordFileContent => {
  const users = new Map<string, string>()
  const problems: PasswordProblem[] = []
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .forEach((raw, index) => {
      const line = raw.trim()
      if (line === '' || line.startsWith('#')) return
      const at = { line: index + 1, column: raw.length - raw.trimStart().length + 1 }
      const colon = line.indexOf(':')
      const name = line.slice(0, Math.max(0, colon)).trim()
      const hash = line.slice(colon + 1)
      const message = problemOf(colon, name, hash)
      if (message === undefined) users.set(name, hash)
      else problems.push({ ...at, message, hint: HINT })
    })
  return { users, problems }
}

const problemOf = (colon: number, name: string, hash: string): string | undefined => {
  if (colon === -1) return 'is not name:hash'
  if (name === '') return 'has no name before the colon'
  if (hash === '') return `has no password for "${name}"`
  return isSupported(hash) ? undefined : `has a hash of an unknown kind for "${name}"`
}

const KNOWN = [
  /^\$(?:apr1|1)\$[^$]{0,64}\$[./\w]{22}$/,
  /^\$2[aby]\$\d\d\$[./\w]{53}$/,
  /^\$5\$(?:rounds=\d{1,9}\$)?[^$]{0,64}\$[./\w]{43}$/,
  /^\$6\$(?:rounds=\d{1,9}\$)?[^$]{0,64}\$[./\w]{86}$/,
  /^\{SHA\}[\w+/]{27}=$/,
  /^\{SSHA\}[\w+/]{28,}={0,2}$/,
]

/** What looks like a hash but is of no kind we know must not pass for a password in plain text. */
const isSupported = (hash: string): boolean => KNOWN.some((form) => form.test(hash)) || !/^(?:\$\w+\$|\{\w+\})/.test(hash)
