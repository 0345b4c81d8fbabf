import { resolve as resolvePath } from 'node:path'
import { type Accounts, resolveAccount } from './accounts.ts'
import type { TenantConfig } from './config.ts'
import { type EnvironmentLayer, resolveEnvironment } from './environment.ts'
import { expand, lookupForLaunch, lookupIn, PORT_NAMES } from './expand.ts'
import type { Findings } from './findings.ts'
import { frameworkOf, presetOf, resolveLaunch } from './launch.ts'
import { type FileHooks, resolveTenantHooks } from './resolve-hooks.ts'
import { resolveTenantMaintenance } from './resolve-maintenance.ts'
import { resolveReadiness } from './resolve-readiness.ts'
import type { File, FileApplications, FileTenant } from './schema.ts'
import { nameTenants } from './tenant-names.ts'
import { type MapNode, type Path, positionOf } from './tree.ts'

const STARTUP_TIMEOUT_MS = 5_000
const STOP_TIMEOUT_MS = 10_000

/** What resolving needs to know besides the file. */
export type Surroundings = {
  readonly root: MapNode
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly accounts: Accounts
  readonly findings: Findings
}

/** Every tenant with what it inherits. Names and routes are unique, or there is an error. */
export const resolveTenants = ({ applications, server, hooks }: File, around: Surroundings): readonly TenantConfig[] => {
  const serverDirectory = resolvePath(around.cwd, server.static.public_dir)
  const named = nameTenants(applications.tenants, around)
  return applications.tenants.map((tenant, index) =>
    resolveTenant({ ...tenant, ...named[index]! }, index, { applications, serverDirectory, hooks: hooks?.tenant ?? {} }, around),
  )
}

type NamedTenant = FileTenant & { readonly name: string; readonly path: string }

type Inherited = { readonly applications: FileApplications; readonly serverDirectory: string; readonly hooks: FileHooks }

const resolveTenant = (
  tenant: NamedTenant,
  index: number,
  { applications, serverDirectory, hooks }: Inherited,
  around: Surroundings,
): TenantConfig => {
  const {
    var: vars = {},
    framework,
    command,
    runtime,
    server,
    args,
    start_delay: _,
    maintenance: __,
    env = {},
    user,
    group,
    hooks: own,
    ...rest
  } = tenant
  const preset = presetOf(tenant, applications)
  const scope = { ...around, lookup: lookupForLaunch(vars, around.env), vars: Object.keys(vars) }
  const launch = resolveLaunch(tenant, applications)
  const root = resolvePath(around.cwd, tenant.root ?? framework?.app_directory ?? applications.framework?.app_directory ?? '.')
  const ownFiles = tenant.public_dir ?? preset?.static_dir ?? applications.public_dir
  const publicDirectory = ownFiles === undefined ? undefined : resolvePath(root, ownFiles)
  if ((tenant.min_instances ?? 0) > 1)
    around.findings.warn(
      `min_instances ${tenant.min_instances}: a tenant has one process`,
      positionOf(around.root, ['applications', 'tenants', index, 'min_instances']),
      'write 1',
    )
  const where = { publicDirectory: publicDirectory ?? serverDirectory, directory: root, path: ['applications', 'tenants', index] }
  return {
    ...rest,
    root,
    ...(publicDirectory === undefined ? {} : { public_dir: publicDirectory }),
    ...resolveTenantMaintenance(tenant, where, around),
    ...(tenant.htpasswd === undefined ? {} : { htpasswd: resolvePath(around.cwd, tenant.htpasswd) }),
    launch: launch.args === undefined ? launch : { ...launch, args: launch.args.map((arg) => expandArgument(arg, vars)) },
    ...resolveEnvironment(layersOf(tenant, index, applications, env), scope),
    ...resolveAccount(
      [
        { user, group, path: ['applications', 'tenants', index] },
        { ...applications.pools, path: ['applications', 'pools'] },
      ],
      around,
    ),
    ...resolveTenantHooks({ all: hooks, own }, index, scope),
    ...resolveReadiness({ tenant, preset, applications }),
    startup_timeout: tenant.startup_timeout ?? preset?.startup_timeout ?? applications.startup_timeout ?? STARTUP_TIMEOUT_MS,
    ...memoryLimitOf(tenant, applications),
    idle_timeout: tenant.idle_timeout ?? applications.pools.timeout,
    stop_timeout: tenant.stop_timeout ?? applications.stop_timeout ?? STOP_TIMEOUT_MS,
    track_websockets: tenant.track_websockets ?? applications.track_websockets ?? true,
  }
}

const memoryLimitOf = ({ memory_limit }: FileTenant, { pools }: FileApplications): Pick<TenantConfig, 'memory_limit'> => {
  const limit = memory_limit ?? pools.default_memory_limit
  return limit === undefined ? {} : { memory_limit: limit }
}

const layersOf = (
  tenant: NamedTenant,
  index: number,
  applications: FileApplications,
  env: EnvironmentLayer['values'],
): readonly EnvironmentLayer[] => {
  const framework = frameworkOf(tenant, applications)
  const preset = presetOf(tenant, applications)?.env
  const frameworkPath: Path = ['applications', 'frameworks', framework ?? '', 'env']
  return [
    ...(preset ? [{ values: preset, path: frameworkPath, name: `applications.frameworks.${framework}.env` }] : []),
    { values: applications.env, path: ['applications', 'env'], name: 'applications.env' },
    { values: env, path: ['applications', 'tenants', index, 'env'], name: `tenant "${tenant.name}": env` },
  ]
}

/** Arguments take the tenant's own values only: whatever else looks like `${…}` may be meant for a shell. */
const expandArgument = (arg: string, vars: Readonly<Record<string, string>>): string => {
  if (!arg.includes('${')) return arg
  return expand(arg.replaceAll('$${', '\0'), lookupIn(vars), PORT_NAMES).text.replaceAll('\0', '$${')
}
