import { resolve } from 'node:path'
import { findConfigFile } from '../config/find.ts'
import { loadConfigApart } from '../config/load-apart.ts'
import { wireErrorsOf } from '../inspect/control-socket.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { paintFor } from './paint.ts'
import { describeError, exitCodeOf, shown } from './print-error.ts'

/** `navigator check [file]`: all errors and warnings of a configuration, on stderr; with --json, as one object on stdout. */
export const check = async (invocation: Invocation): Promise<number> => {
  const file = resolve(findConfigFile(invocation.file, process.env, process.cwd()))
  const paint = paintFor(process.stderr, invocation)
  try {
    const { config, warnings } = await loadConfigApart(file)
    const summary = { file, tenants: config.tenants.length, managed_processes: config.managed_processes.length }
    if (invocation.json) print({ ok: true, ...summary, errors: [], warnings })
    else {
      for (const warning of warnings) process.stderr.write(`${describeError(warning, paint)}\n`)
      process.stdout.write(
        `${shown(file)} is valid: ${count(summary.tenants, 'tenant')}, ${count(summary.managed_processes, 'managed process')}\n`,
      )
    }
    return EXIT.ok
  } catch (error) {
    if (!invocation.json) throw error
    print({ ok: false, file, errors: wireErrorsOf(error), warnings: [] })
    return exitCodeOf(error)
  }
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`
