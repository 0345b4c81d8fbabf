import { availableParallelism } from 'node:os'
import { resolve as resolvePath } from 'node:path'
import type { NavigatorError } from '../errors.ts'
import type { Config, ConfigWarning, ManagedProcessConfig } from './config.ts'
import { splitEnvironment } from './environment.ts'
import { createFindings } from './findings.ts'
import { resolveTenants, type Surroundings } from './resolve-tenants.ts'
import { defaultWorkers } from './schema/server.ts'
import type { File } from './schema.ts'
import { keyPositionOf, type MapNode, nodeAt, type Path, positionOf } from './tree.ts'

export type Resolved = { readonly config: Config; readonly errors: readonly NavigatorError[]; readonly warnings: readonly ConfigWarning[] }

/** From what stands in the file to what holds: inheritance, variables, absolute paths, and checks across keys. */
export const resolve = (file: File, context: { root: MapNode; path: string; env: NodeJS.ProcessEnv; cwd: string }): Resolved => {
  const findings = createFindings()
  const around: Surroundings = { ...context, findings }
  const { pools, queue } = file.applications
  checkPorts(pools, around)
  const config: Config = {
    file: resolvePath(context.cwd, context.path),
    server: resolveServer(file.server, around),
    maintenance: resolveMaintenance(file, around),
    routes: file.routes,
    applications: { pools, queue },
    tenants: resolveTenants(file.applications, around),
    managed_processes: resolveProcesses(file.managed_processes, around),
    logging: file.logging,
    ...pick(file, ['auth', 'cable', 'hooks']),
  }
  warnOneWordCommands(file, around)
  return { config, errors: findings.errors, warnings: findings.warnings }
}

const pick = <Key extends keyof File>(file: File, keys: readonly Key[]): Pick<File, Key> =>
  Object.fromEntries(keys.flatMap((key) => (file[key] === undefined ? [] : [[key, file[key]]]))) as Pick<File, Key>

const resolveServer = ({ listen, workers, ...server }: File['server'], { root }: Surroundings): Config['server'] => {
  const isWritten = nodeAt(root, ['server', 'listen']) !== undefined
  return {
    ...server,
    listen: { ...listen, ...(isWritten ? { at: positionOf(root, ['server', 'listen']) } : {}) },
    workers: workers ?? defaultWorkers(availableParallelism()),
  }
}

const resolveMaintenance = ({ maintenance, server }: File, { cwd }: Surroundings): Config['maintenance'] => {
  const { page, ...rest } = maintenance
  if (page === undefined) return rest
  const directory = page.startsWith('/') ? resolvePath(cwd, server.static?.public_dir ?? 'public') : cwd
  return { ...rest, page: resolvePath(directory, page.replace(/^\/+/, '')) }
}

const checkPorts = ({ start_port, end_port, max_size }: Config['applications']['pools'], { root, findings }: Surroundings): void => {
  const path = ['applications', 'pools']
  if (end_port < start_port)
    findings.error(
      `applications.pools.end_port ${end_port} is before start_port ${start_port}`,
      positionOf(root, [...path, 'end_port']),
      `write end_port: ${Math.min(start_port + 99, 65_535)}`,
    )
  else if (max_size !== undefined && end_port - start_port + 1 < max_size)
    findings.error(
      `applications.pools has ${end_port - start_port + 1} ports (${start_port} to ${end_port}) for max_size ${max_size}`,
      positionOf(root, [...path, 'max_size']),
      start_port + max_size - 1 <= 65_535 ? `write end_port: ${start_port + max_size - 1}` : 'write a lower start_port',
    )
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
    const { env, ...unset } = splitEnvironment(process.env)
    return { ...process, working_dir: resolvePath(around.cwd, process.working_dir), env, ...unset }
  })
}

/** `command: npm start` without args is most likely two words, yet nothing splits it. */
const warnOneWordCommands = (file: File, { root, findings }: Surroundings): void => {
  const levels: readonly (readonly [Path, { readonly command?: string; readonly args?: unknown }])[] = [
    ...file.applications.tenants.map((tenant, index) => [['applications', 'tenants', index, 'command'], tenant] as const),
    ...file.managed_processes.map(
      (process, index) =>
        [['managed_processes', index, 'command'], { ...process, args: process.args.length > 0 ? process.args : undefined }] as const,
    ),
  ]
  for (const [path, { command, args }] of levels)
    if (command && /\s/.test(command) && args === undefined) {
      const [program, ...words] = command.split(/\s+/)
      findings.warn(
        `command "${command}" is taken as the name of one program`,
        positionOf(root, path),
        `write command: ${program} and args: [${words.join(', ')}]`,
      )
    }
}
