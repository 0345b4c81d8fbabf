import type { Config } from '../config/config.ts'
import { diffConfig, type NamedDiff } from '../config/diff.ts'
import type { Logger } from '../log/logger.ts'
import type { ManagedProcesses } from './managed-processes.ts'
import type { ChangedNames, ReloadFailure, ReloadReport } from './report.ts'
import type { TenantRegistry } from './tenant-registry.ts'

/** The two configurations of a reload. */
export type Change = { readonly before: Config; readonly after: Config }

/** What a reload acts upon. */
export type ReloadTargets = {
  readonly registry: TenantRegistry
  readonly processes: ManagedProcesses
  readonly log: Logger
  /** Listens at the new address; rejects before anything has changed. */
  listenAnew(config: Config): Promise<ReloadReport['address']>
  /** The configuration everybody goes by from now on. */
  adopt(config: Config): void
  /** Sends the workers their routing anew. */
  publish(): void
}

/**
 * Makes what runs agree with a new configuration, touching nothing that did not change. Supervisor thread.
 * @throws NAV_LISTEN_FAILED, and then nothing has changed.
 */
export const applyConfig = async ({ before, after }: Change, targets: ReloadTargets): Promise<Omit<ReloadReport, 'warnings'>> => {
  const diff = diffConfig(before, after)
  const address = diff.listenChanged ? await targets.listenAnew(after) : undefined
  const tenants = namesOf(diff.tenants)
  const processes = namesOf(diff.processes)
  const changed = changeTenants(tenants, after, targets)
  const processFailures = await targets.processes.apply(after.managed_processes, processes)
  const tenantFailures = await replaceTenants(changed, after, targets.registry)
  const failures = [...processFailures, ...tenantFailures]
  for (const { kind, name, reason } of failures) targets.log.error({ [kind]: name, reason }, 'reload could not replace it')
  return {
    tenants: { ...tenants, changed },
    processes,
    ...(address === undefined ? {} : { address }),
    deferred: diff.workersChanged ? ['server.workers'] : [],
    failures,
  }
}

const namesOf = <Thing extends { readonly name: string }>(diff: NamedDiff<Thing>): ChangedNames => ({
  added: diff.added.map(({ name }) => name),
  removed: diff.removed.map(({ name }) => name),
  changed: diff.changed.map(({ after }) => after.name),
  retuned: diff.retuned.map(({ after }) => after.name),
})

/** Routes by the new file at once. Gives who needs a new process, those included whose last replacement failed. */
const changeTenants = (diff: ChangedNames, after: Config, { registry, adopt, publish }: ReloadTargets): readonly string[] => {
  const added = new Set(diff.added)
  const changed = new Set(diff.changed)
  adopt(after)
  for (const name of diff.removed) registry.remove(name)
  for (const tenant of after.tenants) {
    if (added.has(tenant.name)) registry.add(tenant)
    else if (registry.isOutdated(tenant.name)) changed.add(tenant.name)
    else if (!changed.has(tenant.name)) registry.retune(tenant)
  }
  publish()
  return [...changed]
}

const replaceTenants = async (names: readonly string[], after: Config, registry: TenantRegistry): Promise<readonly ReloadFailure[]> => {
  const wanted = new Set(names)
  const tenants = after.tenants.filter(({ name }) => wanted.has(name))
  const outcomes = await Promise.allSettled(tenants.map((tenant) => registry.replace(tenant)))
  return outcomes.flatMap((outcome, index) => {
    if (outcome.status === 'fulfilled') return []
    const { reason } = outcome
    return [{ kind: 'tenant' as const, name: tenants[index]!.name, reason: reason instanceof Error ? reason.message : String(reason) }]
  })
}
