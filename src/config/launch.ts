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
  return name !== undefined && Object.hasOwn(applications.frameworks, name) ? applications.frameworks[name] : undefined
}

/**
 * How the tenant is started. The nearest level that says so wins: the tenant's command, then its runtime and server, then
 * the framework it names, then the command of all applications.
 */
export const resolveLaunch = (tenant: FileTenant, applications: FileApplications): LaunchConfig => {
  const framework = frameworkOf(tenant, applications)
  return {
    ...(framework === undefined ? {} : { framework }),
    ...programOf(tenant, applications),
    port_env_var: tenant.framework?.port_env_var ?? applications.framework?.port_env_var ?? 'PORT',
  }
}

type Program = Pick<LaunchConfig, 'command' | 'runtime' | 'server' | 'args'>

const programOf = (tenant: FileTenant, applications: FileApplications): Program => {
  if (tenant.command !== undefined) return commandOf(tenant, tenant)!
  if (tenant.framework?.command !== undefined) return commandOf(tenant.framework, tenant)!
  if (tenant.runtime !== undefined || tenant.server !== undefined) return tripleOf(tenant, applications)
  const preset = presetOf(tenant, applications)
  if (namesAnother(tenant, applications)) return commandOf(preset, tenant) ?? tripleOf(tenant, applications)
  const shared = { command: applications.command, args: applications.args['*'] }
  const levels = [shared, applications.framework, preset]
  return levels.map((level) => commandOf(level, tenant)).find((program) => program !== undefined) ?? tripleOf(tenant, applications)
}

/** What applications say for all is not said for a framework that a tenant names instead of theirs. */
const namesAnother = (tenant: FileTenant, { framework }: FileApplications): boolean =>
  tenant.framework?.name !== undefined && tenant.framework.name !== framework?.name

type Commanded = { readonly command?: string | undefined; readonly args?: readonly string[] | undefined }

/** Without `args` anywhere there are none: then the command may be a whole line. */
const commandOf = (level: Commanded | undefined, tenant: FileTenant): Program | undefined => {
  const args = tenant.args ?? level?.args
  return level?.command === undefined ? undefined : { command: level.command, ...(args === undefined ? {} : { args }) }
}

const tripleOf = (tenant: FileTenant, applications: FileApplications): Program => {
  const name = frameworkOf(tenant, applications)
  // `runtime: bundle` without any framework of its own is meant for all of them.
  const isShared = applications.framework?.name === undefined || !namesAnother(tenant, applications)
  const pick = <Value>(values: Readonly<Record<string, Value>>): Value | undefined =>
    (name !== undefined && Object.hasOwn(values, name) ? values[name] : undefined) ?? (isShared ? values['*'] : undefined)
  const runtime = tenant.runtime ?? pick(applications.runtime)
  const server = tenant.server ?? pick(applications.server)
  const args = tenant.args ?? pick(applications.args)
  return {
    ...(runtime === undefined ? {} : { runtime }),
    ...(server === undefined ? {} : { server }),
    ...(args === undefined ? {} : { args }),
  }
}
