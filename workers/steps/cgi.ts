import type { CgiScriptConfig } from '../../src/config/config.ts'
import type { Answer, Exchange, Step } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'

/** Runs the script whose path this is. One with allowed_users is only for those of them who have proved who they are. */
export const runCgiScript: Step = (exchange) => {
  const script = exchange.routing.cgiScripts.match(exchange.path, exchange.method)
  if (script === undefined) return undefined
  return refuse(exchange, script) ?? { kind: 'cgi', script }
}

const refuse = (exchange: Exchange, { script, allowed_users: allowed = [] }: CgiScriptConfig): Answer | undefined => {
  const { user, header } = exchange
  if (allowed.length === 0 || (user !== undefined && allowed.includes(user))) return undefined
  if (user !== undefined || header('authorization') !== undefined) {
    const errorMessage = `${user === undefined ? 'a user whose password nobody has checked' : `user ${user}`} may not call ${script}`
    return errorAnswer(exchange, 403, { errorMessage })
  }
  const answer = errorAnswer(exchange, 401, { errorMessage: `${script} is for known users only` })
  return { ...answer, headers: [...answer.headers, ['WWW-Authenticate', 'Basic realm="Restricted", charset="UTF-8"']] }
}
