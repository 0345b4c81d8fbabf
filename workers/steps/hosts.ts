import type { Step } from '../exchange.ts'
import { isHealthCheck } from '../host-gate.ts'
import { errorAnswer } from '../responses.ts'

/** Turns away requests for hosts that are not served here, but for the health check: who asks for that knows an address only. */
export const refuseOtherHosts: Step = (exchange) => {
  const { isAllowedHost } = exchange.routing
  if (isAllowedHost === undefined || isAllowedHost(exchange.header('host') ?? '')) return undefined
  if (isHealthCheck(exchange)) return undefined
  return errorAnswer(exchange, 421, { reason: 'This host is not served here' })
}
