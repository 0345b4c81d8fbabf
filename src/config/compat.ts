import { NavigatorError, type Position } from '../errors.ts'
import { reshape } from './compat-shapes.ts'
import type { ConfigWarning } from './config.ts'
import { type Entry, type MapNode, mapAt, type Node, take } from './tree.ts'

/** What translating has to say: a note for each old spelling, an error where old and new contradict each other. */
export type Translation = { readonly warnings: readonly ConfigWarning[]; readonly errors: readonly NavigatorError[] }

/**
 * Old spelling, new spelling. `[]` is each element of a list, the same in both. Where both are in the file: mappings and
 * lists are joined; `default` means the new one wins, otherwise two values for one thing are an error. In this order.
 */
const MOVES: readonly (readonly [from: string, to: string, how?: 'default'])[] = [
  ['pools', 'applications.pools'],
  ['applications.pools.idle_timeout', 'applications.pools.timeout'],
  ['frameworks', 'applications.frameworks'],
  ['framework.runtime', 'applications.runtime'],
  ['framework.server', 'applications.server'],
  ['framework.args', 'applications.args'],
  ['framework', 'applications.framework'],
  ['global_env', 'applications.env', 'default'],
  ['applications.global_env', 'applications.env', 'default'],
  ['defaults.env', 'applications.env', 'default'],
  ['defaults.framework', 'applications.framework', 'default'],
  ['defaults.startup_timeout', 'applications.startup_timeout', 'default'],
  ['defaults.health_check', 'applications.health_check', 'default'],
  ['applications.runtime_exec', 'applications.runtime'],
  ['applications.server_exec', 'applications.server'],
  ['applications.server_args', 'applications.args'],
  ['applications.static_dir', 'applications.public_dir'],
  ['applications.startup_delay', 'applications.start_delay'],
  ['applications.frameworks.*.startup_delay', 'applications.frameworks.*.start_delay'],
  ['applications.tenants[].working_dir', 'applications.tenants[].root'],
  ['applications.tenants[].dir', 'applications.tenants[].root'],
  ['applications.tenants[].static_dir', 'applications.tenants[].public_dir'],
  ['applications.tenants[].startup_delay', 'applications.tenants[].start_delay'],
  ['server.public_dir', 'server.static.public_dir'],
  ['server.try_files', 'server.static.try_files'],
  ['server.allowed_extensions', 'server.static.allowed_extensions'],
  ['server.cache_control', 'server.static.cache_control'],
  ['server.normalize_trailing_slashes', 'server.static.normalize_trailing_slashes'],
  ['server.static.extensions', 'server.static.allowed_extensions'],
  ['static.extensions', 'server.static.allowed_extensions'],
  ['static', 'server.static'],
  ['static_files', 'server.static'],
  ['server.authentication', 'auth.htpasswd'],
  ['server.auth_exclude', 'auth.public_paths'],
  ['auth.exclude_patterns', 'auth.auth_patterns'],
  ['auth.patterns', 'auth.auth_patterns'],
  ['server.rewrites', 'routes.rewrites'],
  ['server.rewrite_rules', 'routes.rewrites'],
  ['rewrite_rules', 'routes.rewrites'],
  ['routes.rewrite_rules', 'routes.rewrites'],
  ['routes.rewrites[].pattern', 'routes.rewrites[].from'],
  ['routes.rewrites[].replacement', 'routes.rewrites[].to'],
  ['server.reverse_proxies', 'routes.reverse_proxies'],
  ['routes.fly_replay', 'routes.fly.replay'],
  ['routes.fly.replay[].pattern', 'routes.fly.replay[].path'],
  ['sticky_sessions', 'routes.fly.sticky_sessions'],
  ['server.sticky_sessions', 'routes.fly.sticky_sessions'],
  ['suspend.idle_timeout', 'server.idle.timeout'],
  ['suspend', 'server.idle'],
  ['applications.hooks', 'hooks.tenant'],
  ['hooks.start', 'hooks.server.start'],
  ['hooks.ready', 'hooks.server.ready'],
  ['hooks.idle', 'hooks.server.idle'],
  ['hooks.resume', 'hooks.server.resume'],
]

/** Rewrites old spellings in the tree, in place, to those of the schema. Positions stay where the file has them. */
export const translate = (root: MapNode): Translation => {
  const warnings: ConfigWarning[] = [...reshape(root)]
  const errors: NavigatorError[] = []
  for (const [from, to, how] of MOVES) {
    const places = moveAll(root, from, to, how, errors)
    const [first, ...others] = places
    if (first) warnings.push({ code: 'NAV_CONFIG_WARNING', message: movedNote(from, to, others.length), at: first })
  }
  return { warnings, errors }
}

const movedNote = (from: string, to: string, others: number): string => {
  const common = from.slice(0, from.lastIndexOf('.') + 1)
  const [old, now] = common && to.startsWith(common) ? [from.slice(common.length), to.slice(common.length)] : [from, to]
  return `"${old}" is now "${now}"${others > 0 ? ` (here and in ${others} more)` : ''}`
}

/** Moves every match; gives where the old keys stand. */
const moveAll = (root: MapNode, from: string, to: string, how: 'default' | undefined, errors: NavigatorError[]): readonly Position[] => {
  const [, list, , fromRest] = /^(.*?)(\[\]|\.\*)\.(.*)$/.exec(from) ?? []
  const relativeTo = list === undefined ? to : to.slice(from.length - fromRest!.length)
  const bases = list === undefined ? [root] : elementsAt(root, list.split('.'))
  return bases.flatMap((base) => {
    const entry = take(base, (fromRest ?? from).split('.'))
    if (!entry) return []
    const problem = put(base, relativeTo.split('.'), entry, how)
    if (problem) errors.push(contradiction(from, to, entry.keyAt))
    return [entry.keyAt]
  })
}

const contradiction = (from: string, to: string, at: Position) =>
  new NavigatorError('NAV_CONFIG_INVALID', `"${from}" and "${to}" both stand in the file and mean the same`, { at, hint: `keep "${to}"` })

const elementsAt = (root: MapNode, path: readonly string[]): readonly MapNode[] => {
  const node = path.reduce<Node | undefined>((map, key) => (map?.kind === 'map' ? map.entries.get(key)?.value : undefined), root)
  const children = node?.kind === 'list' ? node.items : node?.kind === 'map' ? [...node.entries.values()].map((entry) => entry.value) : []
  return children.filter((child) => child.kind === 'map')
}

/** Gives true where something else is already there. */
const put = (base: MapNode, path: readonly string[], entry: Entry, how: 'default' | undefined): boolean => {
  const key = path.at(-1)!
  const parent = mapAt(base, path.slice(0, -1), entry.keyAt)
  if (!parent) return true
  const existing = parent.entries.get(key)?.value
  if (!existing || (existing.kind === 'scalar' && existing.text === null)) {
    parent.entries.set(key, entry)
    return false
  }
  const { value } = entry
  if (existing.kind === 'list' && value.kind === 'list' && how !== 'default') {
    existing.items.push(...value.items)
    return false
  }
  if (existing.kind !== 'map' || value.kind !== 'map') return how !== 'default'
  return [...value.entries].map(([name, inner]) => put(existing, [name], inner, how)).includes(true)
}
