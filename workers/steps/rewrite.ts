import type { Exchange, Step, Verdict } from '../exchange.ts'
import { replayTo } from '../fly/replay.ts'
import { errorAnswer, maintenanceAnswer, redirectAnswer } from '../responses.ts'
import { addressOf, type Destination, destinationOf, joinQueries } from '../rules/destination.ts'
import { encodePath, readablePath } from '../rules/path-pattern.ts'
import type { PathRule, RuleTable } from '../rules/rule-table.ts'
import { forwardTo } from './reverse-proxy.ts'

/** Redirects that are followed to see whether they ever come to an end. */
const FOLLOWED = 10

/** Goes through redirects and rewrites in the order of the file. A rewrite changes the exchange, and the rest sees the new path. */
export const applyRules: Step = (exchange) => {
  const { rules } = exchange.routing
  if (rules.isEmpty) return undefined
  let path = readablePath(exchange.path)
  let found = rules.find(path, exchange.method, 0)
  while (found !== undefined) {
    const { rule, number, match } = found
    const destination = destinationOf(rule, path, match)
    if (destination === undefined)
      return errorAnswer(exchange, 404, { errorMessage: `the redirect from ${rule.pattern.source} has no host for this path` })
    const verdict =
      rule.outcome.kind === 'redirect' ? redirect(exchange, rule, destination) : rewrite(exchange, rule, { destination, match })
    if (verdict !== undefined || endsHere(rule)) return verdict
    if (rule.outcome.kind !== 'redirect') path = destination.path
    found = rules.find(path, exchange.method, number + 1)
  }
  return undefined
}

/** A lane may ask twice: then all begins with what the client sent. */
export const startOver = (exchange: Exchange): void => {
  const { rewrittenFrom } = exchange
  if (rewrittenFrom === undefined) return
  const queryAt = rewrittenFrom.indexOf('?')
  exchange.path = queryAt === -1 ? rewrittenFrom : rewrittenFrom.slice(0, queryAt)
  exchange.query = queryAt === -1 ? '' : rewrittenFrom.slice(queryAt)
  exchange.rewrittenFrom = undefined
}

const endsHere = ({ outcome }: PathRule): boolean => outcome.kind === 'rewritten' && outcome.isLast

/** A rule that leads to where the browser is already leads nowhere. */
const redirect = (exchange: Exchange, { outcome }: PathRule, to: Destination): Verdict | undefined => {
  const isHere = to.origin === ''
  if (isHere && to.path === readablePath(exchange.path)) return undefined
  if (isHere && isEndless(exchange.routing.rules, exchange, to.path))
    return errorAnswer(exchange, 508, { errorMessage: `redirects lead from ${exchange.path} in a circle` })
  return redirectAnswer(addressOf(to, exchange.query), outcome.kind === 'redirect' ? outcome.status : 302)
}

/** Whether redirects and rewrites alone would send a browser on and on. */
const isEndless = (rules: RuleTable, { method, path: asked, rewrittenFrom }: Exchange, start: string): boolean => {
  const seen = new Set([readablePath((rewrittenFrom ?? asked).split('?', 1)[0]!)])
  let path: string | undefined = start
  for (let hops = 0; hops < FOLLOWED; hops++) {
    if (path === undefined) return false
    if (seen.has(path)) return true
    seen.add(path)
    path = redirected(rules, method, path)
  }
  return true
}

/** Where a browser is sent from this path, if to another of this site. */
const redirected = (rules: RuleTable, method: string, asked: string): string | undefined => {
  let path = asked
  for (let found = rules.find(path, method, 0); found !== undefined; found = rules.find(path, method, found.number + 1)) {
    const { outcome } = found.rule
    const to = destinationOf(found.rule, path, found.match)
    if (to === undefined) return undefined
    if (outcome.kind === 'redirect' && to.path !== path) return to.origin === '' ? to.path : undefined
    if (outcome.kind === 'redirect') continue
    if (outcome.kind !== 'rewritten' || outcome.isLast) return undefined
    path = to.path
  }
  return undefined
}

type Way = { readonly destination: Destination; readonly match: RegExpExecArray }

const rewrite = (exchange: Exchange, { outcome }: PathRule, { destination, match }: Way): Verdict | undefined => {
  if (outcome.kind === 'error') return errorOf(exchange, outcome.status)
  move(exchange, destination)
  if (outcome.kind === 'proxy')
    return forwardTo(exchange, { rule: outcome.proxy, groups: [...match].map((group) => group && encodePath(group)) })
  if (outcome.kind === 'replay') return replayTo(exchange, { ...outcome.target, path: exchange.path + exchange.query })
  return undefined
}

const errorOf = (exchange: Exchange, status: number): Verdict =>
  status === 503
    ? maintenanceAnswer(exchange)
    : errorAnswer(exchange, status, { errorMessage: `a rewrite answers ${exchange.path} with ${status}` })

const move = (exchange: Exchange, to: Destination): void => {
  const sent = exchange.path + exchange.query
  const path = encodePath(to.path)
  const query = joinQueries(to.query, exchange.query)
  if (path + query === sent) return
  exchange.rewrittenFrom ??= sent
  exchange.path = path
  exchange.query = query
}
