import type { Exchange, Step, Verdict } from './exchange.ts'
import { errorAnswer } from './responses.ts'
import { keepBotsOut } from './steps/bots.ts'
import { runCgiScript } from './steps/cgi.ts'
import { answerHealthCheck } from './steps/health-check.ts'
import { showMaintenance } from './steps/maintenance.ts'
import { matchReverseProxy } from './steps/reverse-proxy.ts'
import { redirectToSlash } from './steps/slash-redirect.ts'
import { refuseOtherMethods, serveFallback, serveStaticFile } from './steps/static-file.ts'
import { routeToTenant } from './steps/tenant.ts'

/** What is tried, in this order. The first verdict counts. */
const steps: readonly Step[] = [
  answerHealthCheck,
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

/** Decides what becomes of a request. Synchronous, without side effects: a lane may ask twice. */
export const decide = (exchange: Exchange): Verdict => {
  for (const step of steps) {
    const verdict = step(exchange)
    if (verdict !== undefined) return verdict
  }
  return errorAnswer(exchange, 404, { errorMessage: 'no tenant or route matches' })
}
