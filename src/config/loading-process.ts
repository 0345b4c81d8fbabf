/** The program that `loadConfigApart` runs: loads the file named, answers on stdout, ends. */
import { serialize } from 'node:v8'
import { NavigatorError } from '../errors.ts'
import { ConfigError } from './config-error.ts'
import { loadConfig } from './load.ts'
import type { LoadReply, Refusal } from './load-apart.ts'

const refusalOf = ({ code, message, hint, at }: NavigatorError): Refusal => ({
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
  ...(at === undefined ? {} : { at }),
})

const replyTo = (error: unknown): LoadReply => {
  if (error instanceof ConfigError) return { kind: 'invalid', file: error.file, errors: error.errors.map(refusalOf) }
  if (error instanceof NavigatorError) return { kind: 'refused', error: refusalOf(error) }
  throw error
}

void loadConfig(process.argv[2]!)
  .then((loaded): LoadReply => ({ kind: 'loaded', loaded }), replyTo)
  .then((reply) => process.stdout.write(serialize(reply)))
