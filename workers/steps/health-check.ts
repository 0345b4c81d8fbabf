import type { HeaderList, Step } from '../exchange.ts'

/** Answers the configured health-check path itself, or sends it to its tenant past everything that might refuse it. */
export const answerHealthCheck: Step = ({ path, routing, header }) => {
  const check = routing.snapshot.server.health_check
  if (check === undefined || path !== check.path) return undefined
  if (check.response === undefined) {
    const tenant = routing.findTenant(header('host'), path)
    return tenant && { kind: 'tenant', tenant }
  }
  const headers = Object.entries(check.response.headers)
  return {
    kind: 'respond',
    status: check.response.status,
    headers: hasContentType(headers) ? headers : [['Content-Type', 'text/plain'], ...headers],
    body: check.response.body,
    responseType: 'health-check',
  }
}

const hasContentType = (headers: HeaderList): boolean => headers.some(([name]) => name.toLowerCase() === 'content-type')
