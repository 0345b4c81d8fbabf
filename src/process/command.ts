import { accessSync, constants } from 'node:fs'
import { basename, resolve } from 'node:path'
import { NavigatorError } from '../errors.ts'
import { detectFramework, FRAMEWORKS, type FrameworkLaunch, findFramework } from './frameworks.ts'
import { withPort } from './port-placeholder.ts'
import { shellArgv } from './shell.ts'

/** The parts of a tenant's configuration that say how to run it. The same shape as the configuration's `launch`. */
export type Launch = {
  readonly framework?: string
  readonly command?: string
  readonly runtime?: string
  readonly server?: string
  readonly args?: readonly string[]
  readonly port_env_var: string
}

/** What to execute, in the tenant's root. */
export type ResolvedCommand = {
  readonly argv: readonly string[]
  /** Name of the framework it was taken for; `command` when the configuration names the program itself. */
  readonly framework: string
  /** The port, under each name the app may look for. Goes under the tenant's own environment. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Finds what to run for a tenant. `command` wins; else `runtime`, `server` and `args` each replace that part of the framework's
 * command, and the framework is the one named or the one its directory shows. Supervisor thread.
 * @throws NAV_EXEC_FAILED when nothing is configured and nothing found.
 */
export const resolveCommand = async (
  tenant: { readonly launch: Launch; readonly root: string },
  port: number,
): Promise<ResolvedCommand> => {
  const { argv, framework, env } = chooseCommand(tenant.launch, tenant.root)
  const text = String(port)
  const placed = Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, withPort(value, port)]))
  return {
    argv: argv.map((word) => withPort(word, port)),
    framework,
    env: { ...placed, PORT: text, [tenant.launch.port_env_var]: text },
  }
}

type Choice = { readonly argv: readonly string[]; readonly framework: string; readonly env?: Readonly<Record<string, string>> }

const chooseCommand = (launch: Launch, root: string): Choice => {
  if (launch.command !== undefined) return { argv: commandArgv(launch.command, launch.args, root), framework: 'command' }
  const found = launch.framework === undefined ? detectFramework(root) : namedFramework(launch.framework, launch, root)
  if (found && !standsAlone(launch, found))
    return { argv: override(found, launch), framework: found.name, ...(found.env && { env: found.env }) }
  const parts = [launch.runtime, launch.server].filter((part) => part !== undefined)
  if (parts.length === 0) throw nothingToRun(root)
  return { argv: [...parts, ...(launch.args ?? [])], framework: launch.framework ?? 'command' }
}

const override = (framework: FrameworkLaunch, { runtime, server, args }: Launch): readonly string[] => {
  const chosenServer = server ?? framework.server
  return [runtime ?? framework.runtime, ...(chosenServer === undefined ? [] : [chosenServer]), ...(args ?? framework.args)]
}

/** A runtime given by its path, without framework or server, is the app itself, unless it is only another build of the same interpreter. */
const standsAlone = (launch: Launch, framework: FrameworkLaunch): boolean =>
  launch.framework === undefined &&
  launch.server === undefined &&
  launch.runtime?.includes('/') === true &&
  interpreter(launch.runtime) !== interpreter(framework.runtime)

const interpreter = (program: string): string => basename(program).replace(/[\d.]+$/, '')

/** A command with blanks in it and no `args` is a line, as people write it, unless it is the name of a program. */
export const commandArgv = (command: string, args: readonly string[] | undefined, root: string): readonly string[] =>
  args === undefined && /\s/.test(command.trim()) && !isProgram(resolve(root, command)) ? shellArgv(command) : [command, ...(args ?? [])]

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const namedFramework = (name: string, launch: Launch, root: string): FrameworkLaunch | undefined => {
  const framework = findFramework(name)
  if (framework) return { name, ...framework.launch(root) }
  if (launch.runtime !== undefined || launch.server !== undefined) return undefined
  const known = FRAMEWORKS.map((entry) => entry.name).join(', ')
  throw new NavigatorError('NAV_EXEC_FAILED', `no command for tenant in ${root}: framework "${name}" is not known`, {
    hint: `use one of ${known}, or give the tenant a command`,
  })
}

const nothingToRun = (root: string): NavigatorError => {
  const looked = FRAMEWORKS.map((entry) => entry.mark).join(', ')
  return new NavigatorError('NAV_EXEC_FAILED', `no command for tenant in ${root}: none configured, and none of ${looked} is there`, {
    hint: 'give the tenant a command (command, args) or a framework, or correct its root',
  })
}
