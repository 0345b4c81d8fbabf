import type { Step } from '../exchange.ts'
import { maintenanceAnswer } from '../responses.ts'

/**
 * In maintenance nothing goes to tenants, or not to this one. What the steps before this one answer goes on: health check,
 * passwords, redirects, scripts, reverse proxies and files.
 */
export const showMaintenance: Step = (exchange) => {
  const { routing, path, header } = exchange
  if (routing.snapshot.maintenance.enabled) return maintenanceAnswer(exchange)
  if (!routing.hasOwnMaintenance) return undefined
  return routing.findTenant(header('host'), path)?.maintenance?.enabled ? maintenanceAnswer(exchange) : undefined
}
