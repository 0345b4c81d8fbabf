import { availableParallelism } from 'node:os'
import { resolve as resolvePath } from 'node:path'
import type { NavigatorError } from '../errors.ts'
import { type Accounts, resolveAccount } from './accounts.ts'
import type { Config, ConfigWarning, ManagedProcessConfig } from './config.ts'
import { splitEnvironment } from './environment.ts'
import { createFindings } from './findings.ts'
import { orderProcesses } from './process-order.ts'
import { checkTenantAuth, resolveAuth } from './resolve-auth.ts'
import { resolveCgiScripts } from './resolve-cgi.ts'
import { resolveServerHooks } from './resolve-hooks.ts'
import { resolveLogging, vectorProcess } from './resolve-logging.ts'
import { resolveMaintenance } from './resolve-maintenance.ts'
import { resolveRoutes } from './resolve-routes.ts'
import { splitStandalone } from './resolve-standalone.ts'
import { resolveTenants, type Surroundings } from './resolve-tenants.ts'
import { defaultWorkers } from './schema/server.ts'
import type { File } from './schema.ts'
import { keyPositionOf, type MapNode, nodeAt, type Path, positionOf } from './tree.ts'

export type Resolved = { readonly config: Config; readonly errors: readonly NavigatorError[]; readonly warnings: readonly ConfigWarning[] }

type Context = {
  readonly root: MapNode
  readonly path: string
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly accounts: Accounts
}

/** From what stands in the file to what holds: inheritance, variables, absolute paths, and checks across keys. */
export const resolve = (file: File, context: Context): Resolved => {
  const findings = createFindings()
  const around: Surroundings = { ...context, findings }
  const { queue } = file.applications
  const routes = resolveRoutes(file, around)
  const { tenants, rules } = splitStandalone(resolveTenants(file, around), around)
  const logging = resolveLogging(file.logging, around)
  const config: Config = {
    file: resolvePath(context.cwd, context.path),
    server: resolveServer(file.server, around),
    maintenance: resolveMaintenance(file, around),
    auth: resolveAuth(file, around),
    routes: { ...routes, reverse_proxies: [...routes.reverse_proxies, ...rules] },
    applications: { pools: resolvePools(file.applications.pools, around), queue },
    tenants,
    managed_processes: [...vectorProcess(logging, around), ...orderProcesses(resolveProcesses(file.managed_processes, around), around)],
    logging,
    cable: { ...file.cable, yields: nodeAt(context.root, ['cable']) === undefined },
    ...(file.rate_limiting === undefined ? {} : { rate_limiting: file.rate_limiting }),
    ...resolveServerHooks(file.hooks?.server, around),
  }
  checkTenantAuth(config.tenants, config.auth, around)
  warnOfLines(file, around)
  warnOfHostname(file, around)
  warnOfNoLimit(file, around)
  warnOfArguments(file, around)
  return { config, errors: findings.errors, warnings: findings.warnings }
}

const resolveServer = ({ listen, workers, cgi_scripts, ...server }: File['server'], around: Surroundings): Config['server'] => {
  const { root, cwd } = around
  const isWritten = nodeAt(root, ['server', 'listen']) !== undefined
  return {
    ...server,
    static: { ...server.static, public_dir: resolvePath(cwd, server.static.public_dir) },
    ...(cgi_scripts === undefined ? {} : { cgi_scripts: resolveCgiScripts(cgi_scripts, around) }),
    listen: { ...listen, ...(isWritten ? { at: positionOf(root, ['server', 'listen']) } : {}) },
    workers: workers ?? defaultWorkers(availableParallelism()),
  }
}

/** Ports of a range that names its beginning only. */
const PORTS = 100
const LAST_PORT = 65_535

const resolvePools = (pools: File['applications']['pools'], { root, findings }: Surroundings): Config['applications']['pools'] => {
  const { start_port: start, max_size: size } = pools
  const end = pools.end_port ?? Math.min(start + PORTS - 1, LAST_PORT)
  const at = (key: string) => positionOf(root, ['applications', 'pools', key])
  if (end < start) {
    const hint = `write end_port: ${Math.min(start + PORTS - 1, LAST_PORT)}`
    findings.error(`applications.pools.end_port ${end} is before start_port ${start}`, at('end_port'), hint)
  } else if (size !== undefined && end - start + 1 < size) {
    const hint = start + size - 1 <= LAST_PORT ? `write end_port: ${start + size - 1}` : 'write a lower start_port'
    findings.error(`applications.pools has ${end - start + 1} ports (${start} to ${end}) for max_size ${size}`, at('max_size'), hint)
  }
  return { ...pools, end_port: end }
}

const resolveProcesses = (processes: File['managed_processes'], around: Surroundings): readonly ManagedProcessConfig[] => {
  const first = new Map<string, number>()
  return processes.map((process, index) => {
    const path: Path = ['managed_processes', index]
    const earlier = first.get(process.name)
    const lineOf = (other: number) => keyPositionOf(around.root, ['managed_processes', other, 'name']).line
    if (earlier === undefined) first.set(process.name, index)
    else
      around.findings.error(
        `two managed processes are called "${process.name}": the other is on line ${lineOf(earlier)}`,
        keyPositionOf(around.root, [...path, 'name']),
        'write another name:',
      )
    // Expanded with the tree already: nothing is inherited here.
    const { user, group, ...rest } = process
    const who = resolveAccount([{ user, group, path }], around)
    return { ...rest, ...who, working_dir: resolvePath(around.cwd, process.working_dir), ...splitEnvironment(process.env) }
  })
}

/** Files of all releases name a host that none has ever insisted on, and that need not be the only one. */
const warnOfHostname = ({ server }: File, { root, findings }: Surroundings): void => {
  if (server.hostname === undefined || server.allowed_hosts !== undefined) return
  const at = positionOf(root, ['server', 'hostname'])
  findings.warn('server.hostname alone refuses nothing: requests for any host are taken', at, `write allowed_hosts: [${server.hostname}]`)
}

const warnOfNoLimit = ({ rate_limiting: limiting }: File, { root, findings }: Surroundings): void => {
  if (limiting === undefined || limiting.requests !== undefined) return
  findings.warn('rate_limiting without requests limits nothing', keyPositionOf(root, ['rate_limiting']), 'write requests: 600')
}

/** `command: redis-server --port 1` without args is most likely several words, yet nothing splits it. */
const warnOfLines = ({ managed_processes }: File, { root, findings }: Surroundings): void => {
  for (const [index, { command, args }] of managed_processes.entries()) {
    if (args.length > 0 || !/\s/.test(command)) continue
    const [program, ...words] = command.split(/\s+/)
    const at = positionOf(root, ['managed_processes', index, 'command'])
    findings.warn(
      `command "${command}" is taken as the name of one program`,
      at,
      `write command: ${program} and args: [${words.join(', ')}]`,
    )
  }
}

/** A framework's args belong to its command: without one, another program is started, with its own. */
const warnOfArguments = ({ applications }: File, { root, findings }: Surroundings): void => {
  const levels = [
    { path: ['applications', 'framework'], level: applications.framework },
    ...Object.entries(applications.frameworks).map(([name, level]) => ({ path: ['applications', 'frameworks', name], level })),
    ...applications.tenants.map(({ framework }, index) => ({ path: ['applications', 'tenants', index, 'framework'], level: framework })),
  ]
  for (const { path, level } of levels) {
    if (level?.args === undefined || level.command !== undefined) continue
    findings.warn('args without a command beside them have no effect here', positionOf(root, [...path, 'args']), 'write command: too')
  }
}
