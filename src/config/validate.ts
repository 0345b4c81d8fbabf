import type * as z from 'zod'
import { NavigatorError } from '../errors.ts'
import { type File, fileSchema } from './schema.ts'
import { nearest } from './suggest.ts'
import { childOf, keyPositionOf, type MapNode, type Node, nodeAt, type Path, pathText, plain, positionOf } from './tree.ts'

/** What the schema makes of the tree: the file with all defaults, or everything that is wrong with it. */
export type Validated = { readonly file?: File; readonly errors: readonly NavigatorError[] }

/**
 * Holds the tree against the schema. Where that fails, `file` is what the rest of the tree gives without the wrong parts,
 * so that checks across keys can still name what they find; it must not be used.
 */
export const validate = (root: MapNode): Validated => {
  const result = fileSchema.safeParse(plain(root))
  if (result.success) return { file: result.data, errors: [] }
  const errors = result.error.issues.flatMap((issue) => errorsOf(issue, root))
  prune(root, result.error.issues)
  const rest = fileSchema.safeParse(plain(root))
  return rest.success ? { file: rest.data, errors } : { errors }
}

type Issue = z.core.$ZodIssue

const invalid = (message: string, detail: { at: NavigatorError['at']; hint?: string | undefined }) =>
  new NavigatorError('NAV_CONFIG_INVALID', message, {
    ...(detail.at === undefined ? {} : { at: detail.at }),
    ...(detail.hint === undefined ? {} : { hint: detail.hint }),
  })

const errorsOf = (issue: Issue, root: Node): readonly NavigatorError[] => {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], issue.message.split(','), root))
  const parent = nodeAt(root, path.slice(0, -1))
  // `health_check: up` is short for `{ path: up }`: what is wrong is what was written.
  const written = parent?.kind === 'scalar' ? path.slice(0, -1) : path
  const node = nodeAt(root, written)
  const at = positionOf(root, written)
  const key = String(path.at(-1))
  if (!node && path.length > 0) return [invalid(`${pathText(path.slice(0, -1))} needs ${key}`, { at, hint: `add "${key}:" here` })]
  return [invalid(`${pathText(written)} ${complaint(issue, node)}`, { at, hint: hintOf(issue) })]
}

/** The section's allowed keys come as the issue's message: see `section`. */
const unknownKey = (path: Path, allowed: readonly string[], root: Node): NavigatorError => {
  const key = String(path.at(-1))
  const where = path.length > 1 ? ` in ${pathText(path.slice(0, -1))}` : ''
  const near = nearest(key, allowed)
  const hint = near ? `did you mean "${near}"?` : `keys allowed here: ${allowed.join(', ')}`
  return invalid(`unknown key "${key}"${where}`, { at: keyPositionOf(root, path), hint })
}

const complaint = (issue: Issue, node: Node | undefined): string => {
  if (issue.code === 'invalid_type') return node ? `is ${shapeOf(node)}, not ${SHAPES[issue.expected] ?? issue.expected}` : 'is missing'
  if (issue.code === 'invalid_value') return `${quote(node)} is none of ${issue.values.join(', ')}`
  if (issue.code === 'too_small') return 'is empty'
  return node?.kind === 'scalar' ? `${quote(node)} ${issue.message}` : issue.message
}

const SHAPES: Readonly<Record<string, string>> = { string: 'one value', object: 'a mapping', record: 'a mapping', array: 'a list' }
const FORMS: Readonly<Record<string, string>> = {
  string: 'write key: value',
  object: 'write its keys below it, indented',
  record: 'write its keys below it, indented',
  array: 'write a list: [one, two], or lines that begin with "- "',
}

const shapeOf = (node: Node): string => {
  if (node.kind === 'scalar') return node.text === null ? 'empty' : 'one value'
  return node.kind === 'list' ? 'a list' : 'a mapping'
}

const hintOf = (issue: Issue): string | undefined => {
  if (issue.code === 'invalid_type') return FORMS[issue.expected]
  if (issue.code === 'invalid_value') return `write ${issue.values.join(' or ')}`
  if (issue.code === 'too_small') return 'write a value'
  return issue.code === 'custom' || issue.code === 'invalid_format' ? paramsHint(issue) : undefined
}

const paramsHint = (issue: Issue): string | undefined => {
  const params = 'params' in issue ? issue.params : undefined
  return params && typeof params === 'object' && 'hint' in params ? String((params as { hint: unknown }).hint) : undefined
}

/** The value as written: what `${…}` stands for may be secret. */
const quote = (node: Node | undefined): string => {
  if (node?.kind !== 'scalar' || node.text === null) return ''
  return node.written === undefined ? JSON.stringify(node.text) : `${JSON.stringify(node.written)} (once expanded)`
}

/** Takes what is wrong out of the tree: whole elements of lists, otherwise whole keys of a section. */
const prune = (root: MapNode, issues: readonly Issue[]): void => {
  const doomed = new Map<Node, Node>()
  for (const issue of issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined]
    for (const key of keys) {
      const path = (key === undefined ? issue.path : [...issue.path, key]) as Path
      const list = path.findIndex((part) => typeof part === 'number')
      const cut = path.slice(0, list >= 0 ? list + 1 : 2)
      const parent = nodeAt(root, cut.slice(0, -1))
      const child = childOf(parent, cut.at(-1)!) ?? parent
      if (parent && child) doomed.set(child, parent)
    }
  }
  for (const [child, parent] of doomed) remove(parent, child)
}

const remove = (parent: Node, child: Node): void => {
  if (parent.kind === 'list') parent.items.splice(parent.items.indexOf(child), 1)
  if (parent.kind !== 'map') return
  for (const [key, entry] of parent.entries) if (entry.value === child) parent.entries.delete(key)
}
