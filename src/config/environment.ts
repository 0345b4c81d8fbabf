import { expand, type Lookup, missingHint, PORT_NAMES } from './expand.ts'
import type { Findings } from './findings.ts'
import { type Node, type Path, positionOf } from './tree.ts'

/** A process's own environment: what is set, and which inherited names are not to reach it. */
export type Environment = { readonly env: Readonly<Record<string, string>>; readonly unset_env?: readonly string[] }

/** One `env` mapping and where it stands. */
export type EnvironmentLayer = {
  readonly values: Readonly<Record<string, string | null>>
  readonly path: Path
  /** What errors call it. */
  readonly name: string
}

type Scope = { readonly root: Node; readonly findings: Findings; readonly lookup: Lookup; readonly vars: readonly string[] }

/** Lays one over the other, the last wins, and expands what is left. A name without a value is an error that shows no values. */
export const resolveEnvironment = (layers: readonly EnvironmentLayer[], scope: Scope): Environment => {
  const values = new Map<string, { readonly text: string | null; readonly path: Path; readonly label: string }>()
  for (const { values: layer, path, name: of } of layers)
    for (const [name, text] of Object.entries(layer)) values.set(name, { text, path: [...path, name], label: `${of}.${name}` })

  const expanded = [...values].map(
    ([name, { text, path, label }]) => [name, text?.includes('${') ? expandValue({ text, path, label }, scope) : text] as const,
  )
  return splitEnvironment(Object.fromEntries(expanded))
}

/** Parts what is set from what is unset. */
export const splitEnvironment = (values: EnvironmentLayer['values']): Environment => {
  const entries = Object.entries(values)
  const unset = entries.flatMap(([name, text]) => (text === null ? [name] : []))
  const env = Object.fromEntries(entries.flatMap(([name, text]) => (text === null ? [] : [[name, text]])))
  return { env, ...(unset.length > 0 ? { unset_env: unset } : {}) }
}

const expandValue = (
  { text, path, label }: { text: string; path: Path; label: string },
  { root, findings, lookup, vars }: Scope,
): string => {
  const { text: expanded, missing } = expand(text, lookup, PORT_NAMES)
  for (const name of missing) findings.error(`${label} needs \${${name}}, which has no value`, positionOf(root, path), missingHint(vars))
  return expanded
}
