import type { ReadinessConfig, TenantConfig } from './config.ts'
import type { Preset } from './launch.ts'
import type { FileApplications, FileTenant } from './schema.ts'

const READY_TIMEOUT_MS = 60_000

type Levels = { readonly tenant: FileTenant; readonly preset: Preset | undefined; readonly applications: FileApplications }

/** How a tenant is found to be ready. Each key of `health_check` is inherited by itself: from its framework, then from all applications. */
export const resolveReadiness = ({
  tenant,
  preset,
  applications,
}: Levels): Pick<TenantConfig, 'health_check' | 'ready_timeout'> & { readonly readiness?: ReadinessConfig } => {
  const { path = '/', timeout: _, ...others } = { ...applications.health_check, ...preset?.health_check, ...tenant.health_check }
  return {
    health_check: path,
    ...(Object.keys(others).length === 0 ? {} : { readiness: others }),
    ready_timeout:
      tenant.ready_timeout ??
      tenant.health_check?.timeout ??
      preset?.health_check?.timeout ??
      applications.ready_timeout ??
      applications.health_check?.timeout ??
      READY_TIMEOUT_MS,
  }
}
