import { resolve as resolvePath } from 'node:path'
import type { Config, HookConfig, ServerMoment, TenantConfig } from './config.ts'
import { resolveEnvironment } from './environment.ts'
import { expand, type Lookup, lookupIn, missingHint, PORT_NAMES } from './expand.ts'
import type { Surroundings } from './resolve-tenants.ts'
import type { File } from './schema.ts'
import { type Path, pathText, positionOf } from './tree.ts'

type FileServerHooks = NonNullable<NonNullable<File['hooks']>['server']>
type FileHook = NonNullable<FileServerHooks['start']>[number]

/** `hooks.tenant`, and `hooks` of a tenant. */
export type FileHooks = NonNullable<NonNullable<File['hooks']>['tenant']>

type Scope = Surroundings & { readonly lookup: Lookup; readonly vars: readonly string[] }

const MOMENTS: readonly ServerMoment[] = ['start', 'ready', 'idle', 'resume', 'stop']

/** The server's hooks, expanded from the environment. Nothing where the file has none. */
export const resolveServerHooks = (hooks: FileServerHooks | undefined, around: Surroundings): Pick<Config, 'hooks'> => {
  if (!hooks) return {}
  const scope: Scope = { ...around, lookup: lookupIn(around.env), vars: [] }
  const lists = MOMENTS.flatMap((moment) => {
    const list = resolveList(hooks[moment], ['hooks', 'server', moment], scope)
    return list.length === 0 ? [] : [[moment, list] as const]
  })
  return { hooks: { server: Object.fromEntries(lists) } }
}

/** The hooks of all tenants, then a tenant's own, expanded from its `var`, env and commands also from the environment. */
export const resolveTenantHooks = (
  { all, own }: { readonly all: FileHooks; readonly own: FileHooks | undefined },
  index: number,
  scope: Scope,
): Pick<TenantConfig, 'hooks'> => {
  const listOf = (moment: 'start' | 'stop') => [
    ...resolveList(all[moment], ['hooks', 'tenant', moment], scope),
    ...resolveList(own?.[moment], ['applications', 'tenants', index, 'hooks', moment], scope),
  ]
  const hooks = { start: listOf('start'), stop: listOf('stop') }
  return hooks.start.length + hooks.stop.length === 0 ? {} : { hooks }
}

const resolveList = (list: readonly FileHook[] | undefined, path: Path, scope: Scope): readonly HookConfig[] =>
  (list ?? []).map((hook, index) => resolveHook(hook, [...path, index], scope))

const resolveHook = ({ env, args, reload_config, ...hook }: FileHook, path: Path, scope: Scope): HookConfig => {
  const word = (text: string, key: string) => expandWord(text, [...path, key], scope)
  return {
    ...hook,
    command: word(hook.command, 'command'),
    ...(args === undefined ? {} : { args: args.map((arg) => expandArgument(arg, scope.lookup)) }),
    ...resolveEnvironment([{ values: env ?? {}, path: [...path, 'env'], name: `${pathText(path)}.env` }], scope),
    ...(reload_config === undefined ? {} : { reload_config: resolvePath(scope.cwd, word(reload_config, 'reload_config')) }),
  }
}

/** What has no value here may be meant for a shell. */
const expandArgument = (arg: string, lookup: Lookup): string =>
  arg.includes('${') ? expand(arg.replaceAll('$${', '\0'), lookup, PORT_NAMES).text.replaceAll('\0', '$${') : arg

const expandWord = (text: string, path: Path, { lookup, vars, root, findings }: Scope): string => {
  const { text: expanded, missing } = expand(text, lookup)
  for (const name of missing)
    findings.error(`${pathText(path)} needs \${${name}}, which has no value`, positionOf(root, path), missingHint(vars))
  return expanded
}
