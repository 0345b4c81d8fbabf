import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { nearest } from '../config/suggest.ts'
import { NavigatorError } from '../errors.ts'

const COMMANDS = [
  ...(['run', 'check', 'reload', 'reopen', 'start', 'stop', 'restart'] as const),
  ...(['ps', 'logs', 'inspect', 'metrics', 'schema', 'version', 'help'] as const),
] as const

export type CommandName = (typeof COMMANDS)[number]

/** What was asked for on the command line. */
export type Invocation = {
  readonly command: CommandName
  /** The configuration file named, as written. */
  readonly file: string | undefined
  readonly json: boolean
  readonly noColor: boolean
  /** Tenants and processes named, with `*` and `?`; absent where none is. */
  readonly names?: readonly string[]
  /** How many lines, or which port. */
  readonly lines?: number
  readonly port?: number
  readonly follow?: true
  readonly once?: true
  readonly web?: true
  readonly allowControl?: true
}

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  signal: { type: 'string', short: 's' },
  validate: { type: 'boolean', short: 't' },
  json: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  follow: { type: 'boolean', short: 'f' },
  lines: { type: 'string', short: 'n' },
  once: { type: 'boolean' },
  web: { type: 'boolean' },
  port: { type: 'string' },
  'allow-control': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
  v: { type: 'boolean' },
} as const

const SIGNALS: Readonly<Record<string, CommandName>> = { reload: 'reload', stop: 'stop', quit: 'stop' }
/** Commands an option belongs to, where it does not belong to all. */
const BELONGS: Readonly<Record<string, readonly CommandName[]>> = {
  json: ['ps', 'check', 'version', 'logs', 'inspect'],
  follow: ['logs', 'inspect'],
  lines: ['logs'],
  once: ['inspect'],
  web: ['inspect'],
  port: ['inspect'],
  'allow-control': ['inspect'],
}
/** Commands whose words are names of tenants and processes. */
const WITH_NAMES: readonly CommandName[] = ['logs', 'start', 'stop', 'restart']

/**
 * Reads the command line (without node and script). A first word that is no command is a configuration file.
 * @throws NAV_USAGE for what it does not know, with the nearest word it does know.
 */
export const parseArguments = (args: readonly string[]): Invocation => {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) if (token.kind === 'option') checkOption(token)
  const ordered = orderedByFlag(values)
  const [word, ...rest] = positionals
  const spoken = COMMANDS.find((name) => name === word)
  const command = ordered ?? spoken ?? 'run'
  const words = spoken && !ordered ? rest : positionals
  const isNaming = WITH_NAMES.includes(command) && !(command === 'stop' && words.every(looksLikeFile))
  const files = isNaming ? [] : words
  checkFiles(files, { spoken: spoken !== undefined || ordered !== undefined, alsoNamed: values.config !== undefined, command })
  for (const [option, commands] of Object.entries(BELONGS)) {
    if (values[option] !== undefined && !commands.includes(command)) throw usage(`${command} has no --${option}`)
  }
  if (isNaming && command !== 'logs' && words.length === 0) throw usage(`${command} needs the name of a tenant or process, or a pattern`)
  return {
    command,
    file: typeof values.config === 'string' ? values.config : files[0],
    json: values.json === true,
    noColor: values['no-color'] === true,
    ...(isNaming ? { names: words } : {}),
    ...wholeNumber('lines', values.lines, 100_000),
    ...wholeNumber('port', values.port, 65_535),
    ...(values.follow === true ? { follow: true } : {}),
    ...(values.once === true ? { once: true } : {}),
    ...(values.web === true ? { web: true } : {}),
    ...(values['allow-control'] === true ? { allowControl: true } : {}),
  }
}

const wholeNumber = (option: 'lines' | 'port', value: unknown, most: number): { readonly lines?: number; readonly port?: number } => {
  if (typeof value !== 'string') return {}
  if (!/^\d{1,6}$/.test(value) || Number(value) > most) throw usage(`--${option} "${value}" is not a number from 0 to ${most}`)
  return { [option]: Number(value) }
}

type OptionToken = { readonly name: string; readonly rawName: string; readonly value?: string | undefined }

const checkOption = ({ name, rawName, value }: OptionToken): void => {
  if (!Object.hasOwn(OPTIONS, name)) {
    // One letter is near every other.
    const guess = name.length > 1 ? nearest(name, Object.keys(OPTIONS)) : undefined
    throw usage(`unknown option ${rawName}`, guess && `--${guess}`)
  }
  const { type } = OPTIONS[name as keyof typeof OPTIONS]
  if (type === 'string' && !value) throw usage(`${rawName} needs a value`)
  if (type === 'boolean' && value !== undefined) throw usage(`${rawName} takes no value`)
}

const orderedByFlag = (values: Readonly<Record<string, unknown>>): CommandName | undefined => {
  if (values['help']) return 'help'
  if (values['version'] || values['v']) return 'version'
  if (values['validate']) return 'check'
  const signal = values['signal']
  if (typeof signal !== 'string') return undefined
  const command = Object.hasOwn(SIGNALS, signal) ? SIGNALS[signal] : undefined
  if (!command) throw usage(`unknown signal "${signal}"`, nearest(signal, Object.keys(SIGNALS)))
  return command
}

type FileRules = { readonly spoken: boolean; readonly alsoNamed: boolean; readonly command: CommandName }

const checkFiles = (files: readonly string[], { spoken, alsoNamed, command }: FileRules): void => {
  const [first, surplus] = alsoNamed ? [undefined, files[0]] : [files[0], files[1]]
  if (command === 'help') return
  if (first !== undefined && !spoken && !looksLikeFile(first)) {
    throw usage(`"${first}" is neither a command nor a file`, nearest(first, COMMANDS))
  }
  if (surplus !== undefined) throw usage(`${command} takes one configuration file; "${surplus}" is one word too many`)
}

const looksLikeFile = (word: string): boolean => /[/\\]|\.ya?ml$/.test(word) || existsSync(word)

const usage = (message: string, guess?: string): NavigatorError =>
  new NavigatorError('NAV_USAGE', message, { hint: guess ? `did you mean ${guess}?` : 'see navigator --help' })
