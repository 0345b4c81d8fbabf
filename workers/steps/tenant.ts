import type { Step } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'

/** Sends the request to the tenant whose pattern fits its path, else to that with the longest prefix of it. */
export const routeToTenant: Step = (exchange) => {
  const tenant = exchange.routing.findTenant(exchange.header('host'), exchange.path)
  if (tenant?.exclude_methods?.includes(exchange.method)) return errorAnswer(exchange, 405, { errorMessage: 'excluded by the tenant' })
  return tenant && { kind: 'tenant', tenant }
}
