import { NavigatorError } from '../errors.ts'
import { childOf, type MapNode, type Node, type Path, pathText, type ScalarNode } from './tree.ts'

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][\w.-]*)(:-([^}]*))?\}/g

/** The name the lent port goes by. It is known only when a tenant starts, so it is left in place until then. */
export const PORT_NAMES: ReadonlySet<string> = new Set(['port', 'PORT'])

export type Lookup = (name: string) => string | undefined

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
const LEFT_ALONE: ReadonlySet<string> = new Set(['args', 'to', 'from', 'pattern', 'replacement', 'body', 'hooks', 'rewrites', 'redirects'])

/**
 * Expands the tree in place from the process's environment, inside a tenant also from its `var`. Env and args of
 * applications are left: they depend on who inherits them. Gives an error for each name without a value.
 */
export const expandTree = (root: MapNode, env: NodeJS.ProcessEnv): readonly NavigatorError[] => {
  const errors: NavigatorError[] = []
  const fromEnvironment: Lookup = (name) => env[name]

  const visit = (node: Node, path: Path, lookup: Lookup, known: readonly string[]): Node => {
    if (node.kind === 'scalar') return expandScalar(node, path, lookup, known)
    if (node.kind === 'list') {
      node.items.forEach((item, index) => {
        const vars = isTenants(path) ? expandVars(item, [...path, index]) : undefined
        const inner: Lookup = vars ? (name) => vars.get(name) ?? env[name] : lookup
        node.items[index] = visit(item, [...path, index], inner, vars ? [...vars.keys()] : known)
      })
      return node
    }
    for (const [key, entry] of node.entries) {
      if (LEFT_ALONE.has(key) || (path[0] === 'applications' && (key === 'env' || key === 'var'))) continue
      node.entries.set(key, { keyAt: entry.keyAt, value: visit(entry.value, [...path, key], lookup, known) })
    }
    return node
  }

  // First of all, because the rest of the tenant is expanded from them.
  const expandVars = (tenant: Node, path: Path): ReadonlyMap<string, string> => {
    const vars = childOf(tenant, 'var')
    if (vars) visit(vars, [...path, 'var'], fromEnvironment, [])
    return varsOf(vars)
  }

  const expandScalar = (node: ScalarNode, path: Path, lookup: Lookup, known: readonly string[]): ScalarNode => {
    if (!node.text?.includes('${')) return node
    const kept = path[0] === 'applications' ? PORT_NAMES : undefined
    const { text, missing } = expand(node.text, lookup, kept)
    for (const name of missing)
      errors.push(
        new NavigatorError('NAV_CONFIG_INVALID', `${pathText(path)} needs \${${name}}, which has no value`, {
          at: node.at,
          hint: missingHint(known),
        }),
      )
    return text === node.text ? node : { ...node, text, written: node.written ?? node.text }
  }

  visit(root, [], fromEnvironment, [])
  return errors
}

const isTenants = (path: Path): boolean => path.length === 2 && path[0] === 'applications' && path[1] === 'tenants'

const varsOf = (vars: Node | undefined): ReadonlyMap<string, string> => {
  if (vars?.kind !== 'map') return new Map()
  return new Map(
    [...vars.entries].flatMap(([name, { value }]) => (value.kind === 'scalar' && value.text !== null ? [[name, value.text] as const] : [])),
  )
}
