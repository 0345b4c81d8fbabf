import type { TenantConfig } from '../config/config.ts'
import type { TenantRegistry } from './tenant-registry.ts'

const LOOK_MS = 1_000

/**
 * Starts tenants with `min_instances` at once, and again within a second of their coming to rest: after a crash when its backoff
 * is over, after a reload that added them. What an operator stopped stays so. Supervisor thread.
 */
export const keepWarm = (tenants: () => readonly TenantConfig[], registry: Pick<TenantRegistry, 'current' | 'wake'>): Disposable => {
  const look = () => {
    for (const { name, min_instances } of tenants()) if (min_instances && isAsleep(registry, name)) registry.wake(name)
  }
  look()
  const timer = setInterval(look, LOOK_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const isAsleep = (registry: Pick<TenantRegistry, 'current'>, name: string): boolean => {
  const current = registry.current(name)
  return !current || (current.state === 'stopped' && current.context().stopReason !== 'operator')
}
