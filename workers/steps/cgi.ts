import type { CgiScriptConfig } from '../../src/config/config.ts'
import type { Decision, Exchange, Step } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'
import { requireUser } from './authenticate.ts'

/** Runs the script whose path this is. One with allowed_users is only for those of them who have proved who they are. */
export const runCgiScript: Step = (exchange) => {
  const script = exchange.routing.cgiScripts.match(exchange.path, exchange.method)
  if (script === undefined) return undefined
  return refuse(exchange, script) ?? { kind: 'cgi', script }
}

const refuse = (exchange: Exchange, { script, allowed_users: allowed = [] }: CgiScriptConfig): Decision | undefined => {
  if (allowed.length === 0) return undefined
  // On a public path nobody has been asked yet.
  const unknown = requireUser(exchange)
  if (unknown !== undefined || allowed.includes(exchange.user ?? '')) return unknown
  return errorAnswer(exchange, 403, { errorMessage: `user ${exchange.user} may not call ${script}` })
}
