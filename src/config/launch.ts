import type { LaunchConfig } from './config.ts'
import type { FileApplications, FileTenant } from './schema.ts'

/** Milliseconds and paths a tenant inherits with its framework. */
export type Preset = NonNullable<FileApplications['frameworks'][string]>

/** The framework a tenant names or inherits by name. */
export const frameworkOf = (tenant: FileTenant, applications: FileApplications): string | undefined =>
  tenant.framework?.name ?? applications.framework?.name

/** What `applications.frameworks` says about it. */
export const presetOf = (tenant: FileTenant, applications: FileApplications): Preset | undefined => {
  const name = frameworkOf(tenant, applications)
  return name === undefined ? undefined : applications.frameworks[name]
}

/**
 * How the tenant is started. The nearest level that says so wins: the tenant's command, then its runtime and server, then
 * the framework it names, then the command of all applications.
 */
export const resolveLaunch = (tenant: FileTenant, applications: FileApplications): LaunchConfig => {
  const framework = frameworkOf(tenant, applications)
  const preset = presetOf(tenant, applications)
  const startDelay =
    tenant.start_delay ??
    tenant.framework?.start_delay ??
    preset?.start_delay ??
    applications.start_delay ??
    applications.framework?.start_delay
  return {
    ...(framework === undefined ? {} : { framework }),
    ...programOf(tenant, applications),
    port_env_var: tenant.framework?.port_env_var ?? applications.framework?.port_env_var ?? 'PORT',
    ...(startDelay === undefined ? {} : { start_delay: startDelay }),
  }
}

type Program = Pick<LaunchConfig, 'command' | 'runtime' | 'server' | 'args'>

const programOf = (tenant: FileTenant, applications: FileApplications): Program => {
  if (tenant.command !== undefined) return { command: tenant.command, args: tenant.args ?? [] }
  if (tenant.framework?.command !== undefined)
    return { command: tenant.framework.command, args: tenant.args ?? tenant.framework.args ?? [] }
  if (tenant.runtime !== undefined || tenant.server !== undefined) return tripleOf(tenant, applications)
  const preset = presetOf(tenant, applications)
  if (namesAnother(tenant, applications)) return commandOf(preset, tenant) ?? tripleOf(tenant, applications)
  const shared = { command: applications.command, args: applications.args['*'] }
  return (
    commandOf(shared, tenant) ?? commandOf(applications.framework, tenant) ?? commandOf(preset, tenant) ?? tripleOf(tenant, applications)
  )
}

/** What applications say for all is said for their own framework, not for one that a tenant names instead. */
const namesAnother = (tenant: FileTenant, { framework }: FileApplications): boolean =>
  tenant.framework?.name !== undefined && tenant.framework.name !== framework?.name && (framework?.name ?? framework?.command) !== undefined

type Commanded = { readonly command?: string | undefined; readonly args?: readonly string[] | undefined }

const commandOf = (level: Commanded | undefined, tenant: FileTenant): Program | undefined =>
  level?.command === undefined ? undefined : { command: level.command, args: tenant.args ?? level.args ?? [] }

const tripleOf = (tenant: FileTenant, applications: FileApplications): Program => {
  const name = frameworkOf(tenant, applications)
  const shared = !namesAnother(tenant, applications)
  const pick = <Value>(values: Readonly<Record<string, Value>>): Value | undefined =>
    (name === undefined ? undefined : values[name]) ?? (shared ? values['*'] : undefined)
  const runtime = tenant.runtime ?? pick(applications.runtime)
  const server = tenant.server ?? pick(applications.server)
  const args = tenant.args ?? pick(applications.args)
  return {
    ...(runtime === undefined ? {} : { runtime }),
    ...(server === undefined ? {} : { server }),
    ...(args === undefined ? {} : { args }),
  }
}
