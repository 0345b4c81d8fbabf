/**
 * The file as a tree that knows where everything stands. Scalars are kept as text, because `1.10` is a version in one key
 * and a number in another: the schema decides. Mutable until the schema has seen it; main thread.
 */
import type { Position } from '../errors.ts'

export type ScalarNode = {
  readonly kind: 'scalar'
  readonly at: Position
  /** null for `~`, `null` and nothing at all. */
  readonly text: string | null
  /** The text as written, when `${…}` in it has been replaced by something that may be secret. */
  readonly written?: string
}
export type MapNode = { readonly kind: 'map'; readonly at: Position; readonly entries: Map<string, Entry> }
export type ListNode = { readonly kind: 'list'; readonly at: Position; readonly items: Node[] }
export type Node = ScalarNode | MapNode | ListNode
/** `keyAt` is where the key stands, `value.at` where its value begins. */
export type Entry = { readonly keyAt: Position; readonly value: Node }
export type Path = readonly (string | number)[]

/** `applications.tenants[2].path` */
export const pathText = (path: Path): string =>
  path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part), '')

export const childOf = (node: Node | undefined, part: string | number): Node | undefined => {
  if (node?.kind === 'map') return node.entries.get(String(part))?.value
  return node?.kind === 'list' && typeof part === 'number' ? node.items[part] : undefined
}

/** The node at `path`, if the file has it. */
export const nodeAt = (root: Node, path: Path): Node | undefined => path.reduce<Node | undefined>(childOf, root)

/** Where the value at `path` stands, or else the nearest thing around it. */
export const positionOf = (root: Node, path: Path): Position => {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length))
    if (node) return node.at
  }
  return root.at
}

/** Where the last key of `path` stands. */
export const keyPositionOf = (root: Node, path: Path): Position => {
  const parent = nodeAt(root, path.slice(0, -1))
  const entry = parent?.kind === 'map' ? parent.entries.get(String(path.at(-1))) : undefined
  return entry?.keyAt ?? positionOf(root, path)
}

/**
 * Plain data for the schema. A key without a value counts as absent, but in `env`, where it means "unset".
 */
export const plain = (node: Node, keepNull = false): unknown => {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'list') return node.items.map((item) => plain(item))
  const kept = [...node.entries].filter(([, { value }]) => keepNull || value.kind !== 'scalar' || value.text !== null)
  // No prototype setter is reached by a key called __proto__.
  return Object.fromEntries(kept.map(([key, { value }]) => [key, plain(value, key === 'env')]))
}

/** Takes the entry at `path` out, and with it the maps this leaves empty. */
export const take = (root: MapNode, path: readonly string[]): Entry | undefined => {
  const [key, ...rest] = path
  const entry = key === undefined ? undefined : root.entries.get(key)
  if (!entry || key === undefined) return undefined
  if (rest.length === 0) {
    root.entries.delete(key)
    return entry
  }
  if (entry.value.kind !== 'map') return undefined
  const taken = take(entry.value, rest)
  if (taken && entry.value.entries.size === 0) root.entries.delete(key)
  return taken
}

/** The map at `path`, made where it is missing; nothing when something else stands there. */
export const mapAt = (root: MapNode, path: readonly string[], keyAt: Position): MapNode | undefined => {
  let map = root
  for (const key of path) {
    const found = map.entries.get(key)?.value
    if (found && found.kind !== 'map') return found.kind === 'scalar' && found.text === null ? replaceByMap(map, key, keyAt) : undefined
    map = found ?? replaceByMap(map, key, keyAt)
  }
  return map
}

const replaceByMap = (parent: MapNode, key: string, keyAt: Position): MapNode => {
  const value: MapNode = { kind: 'map', at: keyAt, entries: new Map() }
  parent.entries.set(key, { keyAt, value })
  return value
}
