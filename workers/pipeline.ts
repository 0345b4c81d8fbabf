import type { Decision, Exchange, Step, Verdict } from './exchange.ts'
import { errorAnswer } from './responses.ts'
import { authenticate } from './steps/authenticate.ts'
import { keepBotsOut } from './steps/bots.ts'
import { openCable, openImpliedCable, takeBroadcast } from './steps/cable.ts'
import { runCgiScript } from './steps/cgi.ts'
import { replayOnFly } from './steps/fly-replay.ts'
import { answerHealthCheck, routeHealthCheck } from './steps/health-check.ts'
import { refuseOtherHosts } from './steps/hosts.ts'
import { showMaintenance } from './steps/maintenance.ts'
import { limitRate } from './steps/rate-limit.ts'
import { matchReverseProxy } from './steps/reverse-proxy.ts'
import { applyRules, startOver } from './steps/rewrite.ts'
import { redirectToSlash } from './steps/slash-redirect.ts'
import { refuseOtherMethods, serveFallback, serveStaticFile } from './steps/static-file.ts'
import { homeCookie, returnToMachine } from './steps/sticky-session.ts'
import { routeToTenant } from './steps/tenant.ts'

/** What is tried, in this order. The first verdict counts. `letIn` is asked again about what a path is rewritten to; `limit` counts. */
const stepsBy = (letIn: Step, limit: Step): readonly Step[] => [
  answerHealthCheck,
  takeBroadcast,
  refuseOtherHosts,
  limit,
  letIn,
  openCable,
  routeHealthCheck,
  returnToMachine,
  checked(applyRules, letIn),
  checked(replayOnFly, letIn),
  redirectToSlash,
  runCgiScript,
  matchReverseProxy,
  openImpliedCable,
  serveStaticFile,
  showMaintenance,
  keepBotsOut,
  routeToTenant,
  refuseOtherMethods,
  serveFallback,
]

const checked =
  (step: Step, letIn: Step): Step =>
  (exchange) => {
    const decision = step(exchange)
    return exchange.rewrittenFrom === undefined ? decision : (letIn(exchange) ?? decision)
  }

const pass: Step = () => undefined
const steps = stepsBy(authenticate, limitRate)
const stepsOnceLetIn = stepsBy(pass, pass)

/** Decides what becomes of a request. Synchronous; a lane may ask twice, and must after a pending decision. */
export const decide = (exchange: Exchange): Decision => decideBy(steps, exchange)

/** Decides at once where that can be, else as soon as the password has been checked. */
export const decideInTime = (exchange: Exchange): Verdict | Promise<Verdict> => {
  const decision = decide(exchange)
  if (decision.kind !== 'pending') return decision
  return decision.settled.then((verdict) => verdict ?? decideInTime(exchange))
}

/** What would become of it if it were let in: to know what kind of request it is. */
export const foresee = (exchange: Exchange): Decision => decideBy(stepsOnceLetIn, exchange)

/** Changes nothing but the exchange's path, query and user. */
const decideBy = (tried: readonly Step[], exchange: Exchange): Decision => {
  startOver(exchange)
  const setHeaders = homeCookie(exchange)
  const decision = firstDecision(tried, exchange)
  const isMade = decision.kind !== 'tenant' && decision.kind !== 'upstream'
  return setHeaders === undefined || isMade ? decision : { ...decision, setHeaders }
}

const firstDecision = (tried: readonly Step[], exchange: Exchange): Decision => {
  for (const step of tried) {
    const decision = step(exchange)
    if (decision !== undefined) return decision
  }
  return errorAnswer(exchange, 404, { errorMessage: 'no tenant or route matches' })
}
