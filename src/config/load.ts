import { readFile } from 'node:fs/promises'
import { relative, resolve as resolvePath } from 'node:path'
import { NavigatorError } from '../errors.ts'
import { type Accounts, systemAccounts } from './accounts.ts'
import { translate } from './compat.ts'
import type { Config, ConfigWarning } from './config.ts'
import { ConfigError } from './config-error.ts'
import { expandTree } from './expand.ts'
import { warnNotYet } from './not-yet.ts'
import { parse } from './parse.ts'
import { checkPasswordFiles } from './password-files.ts'
import { resolve } from './resolve.ts'
import type { MapNode } from './tree.ts'
import { validate } from './validate.ts'

export { ConfigError } from './config-error.ts'

/** A configuration that holds, and what its author should know. */
export type Loaded = { readonly config: Config; readonly warnings: readonly ConfigWarning[] }

/**
 * Reads a file all the way down: parse, compat, expand, schema, resolve; and its password files. Relative paths in it start at `cwd`. Errors and
 * warnings name the file as `file` does, or relative to `cwd` when that is shorter. Supervisor and commands.
 * @throws NAV_CONFIG_UNREADABLE; ConfigError with every NAV_CONFIG_INVALID at once.
 */
export const loadConfig = async (file: string, options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<Loaded> => {
  const { env = process.env, cwd = process.cwd() } = options
  const { root, ...loaded } = interpret(await read(file, cwd), { file, env, cwd })
  const errors = await checkPasswordFiles(loaded.config, { root, cwd })
  if (errors.length > 0) throw new ConfigError(nameFor(file, cwd), errors)
  return loaded
}

type Origin = {
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Default: the system's. */
  readonly accounts?: Accounts
}

/** The same for a text already read, without a look at the password files. @throws ConfigError */
export const readConfig = (text: string, origin: Origin): Loaded => {
  const { config, warnings } = interpret(text, origin)
  return { config, warnings }
}

const interpret = (text: string, { file, env, cwd, accounts = systemAccounts() }: Origin): Loaded & { readonly root: MapNode } => {
  const name = nameFor(file, cwd)
  const { root, errors: syntax, warnings: notes } = parse(text, name)
  if (!root) throw new ConfigError(name, inOrder(syntax))

  const translation = translate(root)
  const later = warnNotYet(root)
  const unexpanded = expandTree(root, env)
  const { file: values, errors: invalid } = validate(root)
  const resolved = values && resolve(values, { root, path: file, env, cwd, accounts })
  // What could not be expanded cannot be right either: one error is enough.
  const known = new Set(unexpanded.map(place))
  const errors = [...translation.errors, ...unexpanded, ...invalid.filter((error) => !known.has(place(error))), ...(resolved?.errors ?? [])]
  if (errors.length > 0 || !resolved) throw new ConfigError(name, inOrder(errors))
  return { root, config: resolved.config, warnings: inOrder([...notes, ...translation.warnings, ...later, ...resolved.warnings]) }
}

const place = ({ at }: NavigatorError): string => `${at?.line}:${at?.column}`

const read = async (file: string, cwd: string): Promise<string> => {
  try {
    return await readFile(resolvePath(cwd, file), 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    const hint =
      reason === 'ENOENT'
        ? 'check the name, or write one: see README.md'
        : reason === 'EISDIR'
          ? 'name a file in it'
          : 'check its permissions'
    throw new NavigatorError('NAV_CONFIG_UNREADABLE', `cannot read ${nameFor(file, cwd)}: ${REASONS[reason ?? ''] ?? reason}`, {
      hint,
      cause,
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
}

const nameFor = (file: string, cwd: string): string => {
  const short = relative(cwd, resolvePath(cwd, file))
  return short.startsWith('..') ? file : short
}

const inOrder = <Finding extends { readonly at?: { readonly line: number; readonly column: number } | undefined }>(
  findings: readonly Finding[],
): readonly Finding[] => [...findings].sort((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0))
