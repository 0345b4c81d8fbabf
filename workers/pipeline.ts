import type { Exchange, Step, Verdict } from './exchange.ts'
import { errorAnswer } from './responses.ts'
import { keepBotsOut } from './steps/bots.ts'
import { runCgiScript } from './steps/cgi.ts'
import { replayOnFly } from './steps/fly-replay.ts'
import { answerHealthCheck } from './steps/health-check.ts'
import { showMaintenance } from './steps/maintenance.ts'
import { matchReverseProxy } from './steps/reverse-proxy.ts'
import { applyRules } from './steps/rewrite.ts'
import { redirectToSlash } from './steps/slash-redirect.ts'
import { refuseOtherMethods, serveFallback, serveStaticFile } from './steps/static-file.ts'
import { homeCookie, returnToMachine } from './steps/sticky-session.ts'
import { routeToTenant } from './steps/tenant.ts'

/** What is tried, in this order. The first verdict counts. */
const steps: readonly Step[] = [
  answerHealthCheck,
  returnToMachine,
  applyRules,
  replayOnFly,
  redirectToSlash,
  runCgiScript,
  matchReverseProxy,
  serveStaticFile,
  showMaintenance,
  keepBotsOut,
  routeToTenant,
  refuseOtherMethods,
  serveFallback,
]

/** Decides what becomes of a request. Synchronous; changes nothing but the exchange's path and query. A lane may ask twice. */
export const decide = (exchange: Exchange): Verdict => {
  const setHeaders = homeCookie(exchange)
  const verdict = firstVerdict(exchange)
  const isMade = verdict.kind !== 'tenant' && verdict.kind !== 'upstream'
  return setHeaders === undefined || isMade ? verdict : { ...verdict, setHeaders }
}

const firstVerdict = (exchange: Exchange): Verdict => {
  for (const step of steps) {
    const verdict = step(exchange)
    if (verdict !== undefined) return verdict
  }
  return errorAnswer(exchange, 404, { errorMessage: 'no tenant or route matches' })
}
