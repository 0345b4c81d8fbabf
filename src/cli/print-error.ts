import { relative } from 'node:path'
import type { ConfigWarning } from '../config/config.ts'
import { wireErrorsOf } from '../inspect/control-socket.ts'
import type { WireError } from '../protocol/wire-error.ts'
import { EXIT } from './exit-codes.ts'
import type { Paint } from './paint.ts'

/** Writes every error that `error` stands for on stderr, each as `file:line:col CODE: message` and its hint. */
export const printError = (error: unknown, paint: Paint): void => {
  for (const wire of wireErrorsOf(error)) process.stderr.write(`${describeError(wire, paint)}\n`)
}

/** What to leave with after `error`. */
export const exitCodeOf = (error: unknown): number => {
  const [first] = wireErrorsOf(error)
  if (first?.code === 'NAV_USAGE') return EXIT.usage
  return first?.code === 'NAV_NOT_RUNNING' ? EXIT.notRunning : EXIT.failed
}

type Described = Omit<WireError, 'code'> & { readonly code: WireError['code'] | ConfigWarning['code'] }

/** `file:line:col CODE: message` and, on a line of its own, the hint. A warning reads the same. */
export const describeError = ({ code, message, at, hint, stack }: Described, paint: Paint): string => {
  const where = at ? `${paint('bold', `${shown(at.file)}:${at.line}:${at.column}`)} ` : ''
  const text = code === 'NAV_BUG' && stack ? stack : message
  return `${where}${paint(code === 'NAV_CONFIG_WARNING' ? 'yellow' : 'red', code)}: ${text}${hint ? `\n  ${paint('dim', 'hint:')} ${hint}` : ''}`
}

/** A path under the directory we stand in is shown from there: editors and terminals open it as well, and it is shorter. */
export const shown = (file: string): string => {
  const near = relative(process.cwd(), file)
  return near && !near.startsWith('..') ? near : file
}
