import type { Step } from '../exchange.ts'

/** Sends the request to the tenant with the longest prefix of its path. */
export const routeToTenant: Step = ({ path, routing, header }) => {
  const tenant = routing.findTenant(header('host'), path)
  return tenant && { kind: 'tenant', tenant }
}
