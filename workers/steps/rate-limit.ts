import type { Exchange, Step } from '../exchange.ts'
import { isHealthCheck } from '../host-gate.ts'
import { errorAnswer } from '../responses.ts'

/** Answers 429 to who has had his share. A request counts once, however often it is decided upon; the health check does not. */
export const limitRate: Step = (exchange) => {
  const { rateLimit } = exchange.routing
  if (rateLimit === undefined || exchange.isCounted || isHealthCheck(exchange)) return undefined
  exchange.isCounted = true
  const retryAfterS = rateLimit.count(exchange)
  return retryAfterS === undefined ? undefined : errorAnswer(exchange, 429, { retryAfterS })
}

/** Of a request that the other lane decides upon once more. */
export const takeBack = (exchange: Exchange): void => {
  if (exchange.isCounted) exchange.routing.rateLimit?.takeBack(exchange)
  exchange.isCounted = false
}
