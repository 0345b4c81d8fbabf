import type { TenantConfig } from '../config/config.ts'
import { NavigatorError } from '../errors.ts'
import { nameMatcher } from '../inspect/names.ts'
import type { Logger } from '../log/logger.ts'
import type { ManagedProcesses } from './managed-processes.ts'
import type { TenantRegistry } from './tenant-registry.ts'

/** What an operator may tell a tenant or a managed process. */
export type Verb = 'start' | 'stop' | 'restart'

type Ordered = {
  readonly tenants: readonly TenantConfig[]
  readonly registry: TenantRegistry
  readonly processes: ManagedProcesses
  readonly log: Logger
}

/**
 * Tells all whose names fit, and gives those names; what comes of it is seen in `ps`. A tenant that runs is restarted without a gap.
 * Supervisor thread.
 * @throws NAV_CONTROL_FAILED when no name fits, or a managed process is to be stopped: it would not be started again.
 */
export const giveOrder = (verb: Verb, patterns: readonly string[], { tenants, registry, processes, log }: Ordered): readonly string[] => {
  const isMeant = nameMatcher(patterns)
  const meantTenants = tenants.filter(({ name }) => isMeant(name))
  const meantProcesses = processes.all().filter(({ config }) => isMeant(config.name))
  if (meantTenants.length + meantProcesses.length === 0) throw refusal(`no tenant or process is called ${patterns.join(', ')}`)
  if (verb === 'stop' && meantProcesses.length > 0)
    throw refusal(`${meantProcesses[0]!.config.name} is a managed process, which runs always`, STOP_HINT)
  for (const tenant of meantTenants) orderTenant(verb, tenant, registry, log)
  for (const { config, state } of meantProcesses) {
    if (verb === 'restart' || state === 'stopped' || state === 'crashed') void processes.restart(config.name)
  }
  const names = [...meantTenants.map(({ name }) => name), ...meantProcesses.map(({ config }) => config.name)]
  log.info({ verb, names }, 'order of an operator')
  return names
}

const orderTenant = (verb: Verb, tenant: TenantConfig, registry: TenantRegistry, log: Logger): void => {
  const { name } = tenant
  const current = registry.current(name)
  if (verb === 'stop') current?.send({ type: 'tenant.stop', reason: 'operator' })
  else if (verb === 'start' || current === undefined || current.state === 'stopped' || current.state === 'crashed') registry.wake(name)
  else registry.replace(tenant).catch((error: unknown) => log.error({ tenant: name, err: error }, 'tenant could not be restarted'))
}

const STOP_HINT = 'take it out of the configuration and reload; `navigator restart` starts it anew'

const refusal = (message: string, hint = '`navigator ps` lists the names there are'): NavigatorError =>
  new NavigatorError('NAV_CONTROL_FAILED', message, { hint })
