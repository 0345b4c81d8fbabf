import { NavigatorError } from '../errors.ts'
import { childOf, type MapNode, type Node, type Path, pathText, type ScalarNode } from './tree.ts'

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][\w.-]*)(:-([^}]*))?\}/g

/** The name the lent port goes by. It is known only when a tenant starts, so it is left in place until then. */
export const PORT_NAMES: ReadonlySet<string> = new Set(['port', 'PORT'])

export type Lookup = (name: string) => string | undefined

/** The first of these mappings that has the name itself; `constructor` and the like are inherited, not had. */
export const lookupIn =
  (...mappings: readonly Readonly<Record<string, string | undefined>>[]): Lookup =>
  (name) =>
    mappings.find((mapping) => Object.hasOwn(mapping, name))?.[name]

/** The same for what is read when a tenant starts: its port is that of its `var` or the one lent to it, never navigator's own. */
export const lookupForLaunch = (vars: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Lookup => {
  const [own, all] = [lookupIn(vars), lookupIn(vars, env)]
  return (name) => (PORT_NAMES.has(name) ? own(name) : all(name))
}

/**
 * Replaces `${name}` and `${name:-default}` in `text`; `$${` stands for a literal `${`. Names in `kept` without a value stay.
 * `missing` are the names that have neither value nor default.
 */
export const expand = (
  text: string,
  lookup: Lookup,
  kept: ReadonlySet<string> = new Set(),
): { readonly text: string; readonly missing: readonly string[] } => {
  const missing: string[] = []
  const expanded = text.replace(
    REFERENCE,
    (whole, name: string | undefined, fallback: string | undefined, otherwise: string | undefined) => {
      if (name === undefined) return '${'
      const value = lookup(name)
      if (fallback !== undefined && !value) return kept.has(name) ? `\${${name}}` : (otherwise ?? '')
      if (value !== undefined) return value
      if (!kept.has(name)) missing.push(name)
      return kept.has(name) ? `\${${name}}` : whole
    },
  )
  return { text: expanded, missing }
}

export const missingHint = (known: readonly string[]): string =>
  `set it in the environment, write \${NAME:-default}, or $\${ for a literal \${${known.length > 0 ? `; var has ${known.join(', ')}` : ''}`

/** Values that are not ours to expand: rules with `$` of their own, and what waits for inheritance (`env`, `args`). */
const LEFT_ALONE: ReadonlySet<string> = new Set(['args', 'to', 'from', 'pattern', 'replacement', 'body', 'hooks'])

/**
 * Expands the tree in place from the process's environment, inside a tenant also from its `var`. Env and args of
 * applications are left: they depend on who inherits them. Gives an error for each name without a value.
 */
export const expandTree = (root: MapNode, env: NodeJS.ProcessEnv): readonly NavigatorError[] => {
  const errors: NavigatorError[] = []
  expandNode(root, [], { lookup: lookupIn(env), known: [], env, errors })
  return errors
}

type Scope = {
  readonly lookup: Lookup
  /** Names `var` has, for the hint. */
  readonly known: readonly string[]
  /** Names that may stay. */
  readonly kept?: ReadonlySet<string>
  readonly env: NodeJS.ProcessEnv
  readonly errors: NavigatorError[]
}

const expandNode = (node: Node, path: Path, scope: Scope): Node => {
  if (node.kind === 'scalar') return expandScalar(node, path, scope)
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) {
      const here = [...path, index]
      node.items[index] = expandNode(item, here, isTenants(path) ? tenantScope(item, here, scope) : scope)
    }
    return node
  }
  const inner = isLaunch(path) ? { ...scope, kept: PORT_NAMES, lookup: lookupForLaunch({}, scope.env) } : scope
  for (const [key, entry] of node.entries) {
    if (LEFT_ALONE.has(key) || (path[0] === 'applications' && (key === 'env' || key === 'var'))) continue
    const own = isPools(path, key) ? scope : inner
    node.entries.set(key, { keyAt: entry.keyAt, value: expandNode(entry.value, [...path, key], own) })
  }
  return node
}

const isLaunch = (path: Path): boolean => path.length === 1 && path[0] === 'applications'
/** Ports of the range are navigator's own business: there `${PORT}` is its own. */
const isPools = (path: Path, key: string): boolean => isLaunch(path) && (key === 'pools' || key === 'queue')
const isTenants = (path: Path): boolean => path.length === 2 && path[0] === 'applications' && path[1] === 'tenants'

/** Its `var` is expanded first of all, because the rest of the tenant is expanded from it. */
const tenantScope = (tenant: Node, path: Path, scope: Scope): Scope => {
  const vars = childOf(tenant, 'var')
  if (vars) expandNode(vars, [...path, 'var'], scope)
  if (vars?.kind !== 'map') return scope
  const values = [...vars.entries].flatMap(([name, { value }]) => (value.kind === 'scalar' ? [[name, value.text ?? ''] as const] : []))
  return { ...scope, known: values.map(([name]) => name), lookup: lookupForLaunch(Object.fromEntries(values), scope.env) }
}

const expandScalar = (node: ScalarNode, path: Path, { lookup, known, kept, errors }: Scope): ScalarNode => {
  if (!node.text?.includes('${')) return node
  const { text, missing } = expand(node.text, lookup, kept)
  for (const name of missing) {
    const message = `${pathText(path)} needs \${${name}}, which has no value`
    errors.push(new NavigatorError('NAV_CONFIG_INVALID', message, { at: node.at, hint: missingHint(known) }))
  }
  return text === node.text ? node : { ...node, text, written: node.written ?? node.text }
}
