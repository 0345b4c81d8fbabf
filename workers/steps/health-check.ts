import type { HeaderList, Step } from '../exchange.ts'

/** Answers the configured health-check path itself, past everything that might refuse it. */
export const answerHealthCheck: Step = ({ path, routing }) => {
  const check = routing.snapshot.server.health_check
  if (check?.response === undefined || path !== check.path) return undefined
  const headers = Object.entries(check.response.headers)
  return {
    kind: 'respond',
    status: check.response.status,
    headers: hasContentType(headers) ? headers : [['Content-Type', 'text/plain'], ...headers],
    body: check.response.body,
    responseType: 'health-check',
  }
}

/** Without an answer of its own it goes to its tenant, past maintenance too. A tenant's page needs a password here as anywhere. */
export const routeHealthCheck: Step = ({ path, routing, header }) => {
  if (path !== routing.snapshot.server.health_check?.path) return undefined
  const tenant = routing.findTenant(header('host'), path)
  return tenant && { kind: 'tenant', tenant }
}

const hasContentType = (headers: HeaderList): boolean => headers.some(([name]) => name.toLowerCase() === 'content-type')
