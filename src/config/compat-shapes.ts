/** Old spellings that are more than another name. */

import type { Position } from '../errors.ts'
import type { ConfigWarning } from './config.ts'
import { type MapNode, mapAt, type Node, take } from './tree.ts'

/** Rewrites them in place, each with a note. */
export const reshape = (root: MapNode): readonly ConfigWarning[] =>
  [listOfApplications, tryFilesMapping, suspendEnabled, passwordFile, excludePatterns].flatMap((step) => step(root))

const note = (message: string, at: Position): ConfigWarning => ({ code: 'NAV_CONFIG_WARNING', message, at })

const scalar = (at: Position, text: string): Node => ({ kind: 'scalar', at, text })

/** `applications: [{…}]` */
const listOfApplications = (root: MapNode): readonly ConfigWarning[] => {
  const entry = root.entries.get('applications')
  if (entry?.value.kind !== 'list') return []
  const map: MapNode = { kind: 'map', at: entry.value.at, entries: new Map([['tenants', entry]]) }
  root.entries.set('applications', { keyAt: entry.keyAt, value: map })
  return [note('a list under "applications" is now "applications.tenants"', entry.keyAt)]
}

/** `static.try_files: { enabled, suffixes, fallback }` */
const tryFilesMapping = (root: MapNode): readonly ConfigWarning[] =>
  [['static'], ['server', 'static'], ['server']].flatMap((path) => {
    const parent = path.reduce<Node | undefined>((node, key) => (node?.kind === 'map' ? node.entries.get(key)?.value : undefined), root)
    const entry = parent?.kind === 'map' ? parent.entries.get('try_files') : undefined
    if (parent?.kind !== 'map' || entry?.value.kind !== 'map') return []
    const enabled = take(entry.value, ['enabled'])?.value
    const suffixes = take(entry.value, ['suffixes'])
    const fallback = take(entry.value, ['fallback'])
    // Whatever else it holds is left for the schema to refuse.
    if (entry.value.entries.size > 0) return []
    parent.entries.delete('try_files')
    const isOn = enabled?.kind === 'scalar' && enabled.text === 'true'
    if (isOn && suffixes) parent.entries.set('try_files', suffixes)
    if (fallback) parent.entries.set('fallback', fallback)
    return [note(`"try_files" is now a list of endings${isOn ? '' : '; this one was not enabled and is left out'}`, entry.keyAt)]
  })

/** `suspend: { enabled, idle_timeout }` */
const suspendEnabled = (root: MapNode): readonly ConfigWarning[] => {
  const entry = take(root, ['suspend', 'enabled'])
  if (entry?.value.kind !== 'scalar') return []
  if (entry.value.text !== 'true') {
    take(root, ['suspend'])
    return [note('"suspend" is now "server.idle"; this one was not enabled and is left out', entry.keyAt)]
  }
  mapAt(root, ['suspend'], entry.keyAt)?.entries.set('action', { keyAt: entry.keyAt, value: scalar(entry.value.at, 'suspend') })
  return [note('"suspend.enabled" is now "server.idle.action: suspend"', entry.keyAt)]
}

/** `server.authentication: file` also switched authentication on. */
const passwordFile = (root: MapNode): readonly ConfigWarning[] => {
  const server = root.entries.get('server')?.value
  const entry = server?.kind === 'map' ? server.entries.get('authentication') : undefined
  const auth = entry && mapAt(root, ['auth'], entry.keyAt)
  if (entry && auth && !auth.entries.has('enabled')) auth.entries.set('enabled', { keyAt: entry.keyAt, value: scalar(entry.keyAt, 'true') })
  return []
}

/** Each of `auth.exclude_patterns` made its paths public. */
const excludePatterns = (root: MapNode): readonly ConfigWarning[] => {
  const auth = root.entries.get('auth')?.value
  const list = auth?.kind === 'map' ? auth.entries.get('exclude_patterns')?.value : undefined
  if (list?.kind !== 'list') return []
  for (const item of list.items)
    if (item.kind === 'map' && !item.entries.has('action')) item.entries.set('action', { keyAt: item.at, value: scalar(item.at, 'off') })
  return []
}
