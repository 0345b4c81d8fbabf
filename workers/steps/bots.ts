import { isbot } from 'isbot'
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import type { Answer, Exchange, Step } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'

/** How soon a crawler may try a sleeping tenant again. Nobody else may wake it before. */
const ASLEEP_RETRY_S = 3_600
const VERDICTS_LIMIT = 1_000

/** Keeps crawlers from tenants as bot_detection says; the tenant's own setting counts instead of the server's. Files came before. */
export const keepBotsOut: Step = (exchange) => {
  const { routing, path, header } = exchange
  if (!routing.detectsBots) return undefined
  const tenant = routing.findTenant(header('host'), path)
  const action = tenant && (tenant.bot_detection ?? routing.snapshot.server.bot_detection)
  if (action === undefined || !action.enabled || action.action === 'ignore' || !isBot(header('user-agent') ?? '')) return undefined
  if (action.action === 'awake-only') return routing.place(tenant!.name) === undefined ? asleep(exchange, tenant!) : undefined
  return blocked(exchange)
}

const blocked = (exchange: Exchange): Answer => ({
  ...errorAnswer(exchange, 403, { reason: 'Crawlers are not served here' }),
  responseType: 'bot-blocked',
})

const asleep = (exchange: Exchange, { name }: TenantRoute): Answer => {
  const detail = {
    reason: 'Crawlers are not served right now',
    retryAfterS: ASLEEP_RETRY_S,
    errorMessage: `${name} is not woken for a crawler`,
  }
  return { ...errorAnswer(exchange, 503, detail), responseType: 'bot-blocked' }
}

const verdicts = new Map<string, boolean>()

/** The list is one pattern of many alternatives; most requests come with one of a few names. */
const isBot = (userAgent: string): boolean => {
  const known = verdicts.get(userAgent)
  if (known !== undefined) return known
  if (verdicts.size >= VERDICTS_LIMIT) verdicts.clear()
  const verdict = isbot(userAgent)
  verdicts.set(userAgent, verdict)
  return verdict
}
