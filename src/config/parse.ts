import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
  type Node as YamlNode,
} from 'yaml'
import { NavigatorError, type Position } from '../errors.ts'
import type { ConfigWarning } from './config.ts'
import type { Entry, MapNode, Node } from './tree.ts'

/** What a file's text says, before anybody has judged it. `root` is there only when there are no errors. */
export type Parsed = { readonly root?: MapNode; readonly errors: readonly NavigatorError[]; readonly warnings: readonly ConfigWarning[] }

/** More nodes than this by way of aliases is an attack or a mistake, not a configuration. */
const ALIASED_NODES_LIMIT = 1_000_000

/** Reads YAML text; `file` is the name errors give it. Only the first document of a stream counts. Throws nothing. */
export const parse = (text: string, file: string): Parsed => {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, strict: true, logLevel: 'silent' })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const [document, ...others] = 'empty' in documents ? [] : documents
  const warnings = others.map((other) => ignoredDocument(at(other.range[0])))
  if (!document?.contents)
    return { root: { kind: 'map', at: at(0), entries: new Map() }, errors: [], warnings: [...warnings, emptyFile(at(0))] }

  const syntax = document.errors.map((error) => syntaxError(error.message, at(error.pos[0]), error.code))
  if (syntax.length > 0) return { errors: syntax, warnings }
  const walk = createWalk(document, at)
  const root = walk.read(document.contents)
  if (walk.errors.length === 0 && root.kind !== 'map') walk.errors.push(notAMap(root.at))
  return root.kind === 'map' && walk.errors.length === 0 ? { root, errors: [], warnings } : { errors: walk.errors, warnings }
}

const warning = (message: string, at: Position, hint?: string): ConfigWarning => ({
  code: 'NAV_CONFIG_WARNING',
  message,
  at,
  ...(hint === undefined ? {} : { hint }),
})
const ignoredDocument = (at: Position) =>
  warning('only the first document of the file is read; this one is not', at, 'put it in a file of its own')
const emptyFile = (at: Position) => warning('the file says nothing; every setting has its default', at)
const notAMap = (at: Position) =>
  new NavigatorError('NAV_CONFIG_INVALID', 'the file is not a mapping of sections', {
    at,
    hint: 'write sections such as "server:" and "applications:"',
  })

const syntaxError = (message: string, at: Position, code: string): NavigatorError =>
  code === 'DUPLICATE_KEY'
    ? new NavigatorError('NAV_CONFIG_INVALID', 'this key stands twice in the same mapping', { at, hint: 'remove one of the two' })
    : new NavigatorError('NAV_CONFIG_INVALID', `not YAML: ${message}`, {
        at,
        hint: 'check indentation, quotes and colons on this line and the one above',
      })

const createWalk = (document: Document.Parsed, at: (offset: number) => Position) => {
  const errors: NavigatorError[] = []
  const open = new Set<YamlNode>()
  let aliased = 0

  const here = (node: YamlNode): Position => at(node.range?.[0] ?? 0)
  const nothing = (position: Position): Node => ({ kind: 'scalar', at: position, text: null })
  const refuse = (message: string, position: Position, hint: string): Node => {
    errors.push(new NavigatorError('NAV_CONFIG_INVALID', message, { at: position, hint }))
    return nothing(position)
  }

  const read = (node: YamlNode): Node => {
    if (isAlias(node)) return readAlias(node)
    if (open.size > 0 && aliased > ALIASED_NODES_LIMIT) return nothing(here(node))
    if (isScalar(node)) return { kind: 'scalar', at: here(node), text: scalarText(node.value, node.source) }
    if (isSeq(node)) return { kind: 'list', at: here(node), items: node.items.map((item) => read(item as YamlNode)) }
    if (isMap(node)) return readMap(node)
    return nothing(at(0))
  }

  const readAlias = (alias: Alias): Node => {
    const target = alias.resolve(document)
    if (!target) return refuse(`nothing is called &${alias.source}`, here(alias), `write &${alias.source} before the value it names`)
    if (open.has(target)) return refuse(`*${alias.source} contains itself`, here(alias), 'remove the alias from inside its own value')
    open.add(target)
    const node = read(target)
    open.delete(target)
    aliased += count(node)
    return aliased > ALIASED_NODES_LIMIT && errors.length === 0
      ? refuse('aliases make the file grow past a million values', here(alias), 'use fewer aliases of aliases')
      : node
  }

  const readMap = (map: YAMLMap): MapNode => {
    const entries = new Map<string, Entry>()
    const merged: [string, Entry][] = []
    for (const pair of map.items as Pair<YamlNode, YamlNode | null>[]) {
      const keyAt = here(pair.key)
      if (!isScalar(pair.key)) refuse('a key must be plain text', keyAt, 'write key: value')
      else if (pair.key.value === '<<' && pair.value) merged.push(...readMerge(pair.value))
      else entries.set(scalarText(pair.key.value, pair.key.source) ?? '', { keyAt, value: pair.value ? read(pair.value) : nothing(keyAt) })
    }
    for (const [key, entry] of merged) if (!entries.has(key)) entries.set(key, entry)
    return { kind: 'map', at: here(map), entries }
  }

  const readMerge = (value: YamlNode): [string, Entry][] => {
    const node = read(value)
    const maps = node.kind === 'list' ? node.items : [node]
    if (maps.some((map) => map.kind !== 'map'))
      refuse('<< merges mappings only', here(value), 'write <<: *name, where &name marks a mapping')
    return maps.flatMap((map) => (map.kind === 'map' ? [...map.entries] : []))
  }

  return { read, errors }
}

const scalarText = (value: unknown, source: string | undefined): string | null => {
  if (value === null) return null
  return typeof value === 'string' ? value : (source ?? String(value))
}

const count = (node: Node): number => {
  if (node.kind === 'scalar') return 1
  const children = node.kind === 'list' ? node.items : [...node.entries.values()].map((entry) => entry.value)
  return children.reduce((sum, child) => sum + count(child), 1)
}
