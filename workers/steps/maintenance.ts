import type { Step } from '../exchange.ts'
import { maintenanceAnswer } from '../responses.ts'

/** In maintenance mode nothing goes to tenants. Health checks, redirects and reverse proxies go on. */
export const showMaintenance: Step = (exchange) => (exchange.routing.snapshot.maintenance.enabled ? maintenanceAnswer(exchange) : undefined)
