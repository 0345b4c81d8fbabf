/** The program that `loadConfigApart` runs: loads the file named, answers on stdout, ends. */
import { serialize } from 'node:v8'
import { NavigatorError } from '../errors.ts'
import type { Config } from './config.ts'
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

/** Tenants that are started alike share how: of 100,000, the supervisor keeps one object where it would keep as many. */
const withSharedParts = (config: Config): Config => {
  const parts = new Map<string, object>()
  const share = <Part extends object>(part: Part): Part => {
    const text = JSON.stringify(part)
    const known = parts.get(text) ?? part
    parts.set(text, known)
    return known as Part
  }
  return { ...config, tenants: config.tenants.map((tenant) => ({ ...tenant, launch: share(tenant.launch), env: share(tenant.env) })) }
}

void loadConfig(process.argv[2]!)
  .then(({ config, warnings }): LoadReply => ({ kind: 'loaded', loaded: { config: withSharedParts(config), warnings } }), replyTo)
  .then((reply) => process.stdout.write(serialize(reply)))
