import type { Position } from '../errors.ts'
import type { ConfigWarning } from './config.ts'
import type { Node } from './tree.ts'

/**
 * Keys the schema knows whose feature is not built yet; whoever builds one deletes its line. `[]` is any element of a list,
 * `*` any key. The second text says what that means where it may surprise.
 */
export const NOT_YET: readonly (readonly [path: string, consequence?: string])[] = [['observability']]

const STARTS = 'an app is asked from its start on whether it is ready'

/** Keys the schema knows that there is no need for, and why. */
export const NEEDLESS: readonly (readonly [path: string, reason: string])[] = [
  ...['', '.framework', '.frameworks.*', '.tenants[]', '.tenants[].framework'].map(
    (level) => [`applications${level}.start_delay`, STARTS] as const,
  ),
  ['server.named_hosts', 'it never had one; hosts are those of tenants'],
  ['server.root', 'it never had one; each tenant has its root'],
  ['server.idle.check_interval', 'nothing has to be looked for: the last request is known when it ends'],
  ['server.idle.grace_period', 'a request calls the decision off until the machine is told'],
  [
    'applications.tenants[].port',
    'a port is lent, so that a new process can get ready beside the old one; write ${port} where it is needed',
  ],
  ['applications.standalone_servers', 'it says of no server which paths are for it; write routes.reverse_proxies'],
  ['applications.tenants[].match_header', 'no release has looked at it; write host or match_pattern'],
  ...['max_concurrent_requests', 'force_max_concurrent_requests'].map(
    (key) => [`applications.tenants[].${key}`, 'no release has counted them; an app server limits its own threads'] as const,
  ),
  ['applications.tenants[].max_processes', 'a tenant has one process, which may start others itself'],
  ['applications.tenants[].special', 'it never had one'],
  ['applications.tenants[].database', 'it never had one; write it into var or env'],
  ['routing', 'no release has had A/B tests; they were an idea of the documentation'],
  ['circuit_breaker', 'a reverse proxy of several targets leaves out those that fail by itself'],
  ['managed_processes[].priority', 'they start in the order of the file, or as depends_on says'],
]

/** One warning for each such key in the file, at its first place. */
export const warnNotYet = (root: Node): readonly ConfigWarning[] => {
  const found = new Map<string, Position[]>()
  collect(root, WATCHED, found)
  return [...found].map(([path, [first, ...others]]) => {
    const [claim, because] = CLAIMS.get(path)!
    const also = others.length > 0 ? ` (here and in ${others.length} more)` : ''
    return { code: 'NAV_CONFIG_WARNING', message: `${path} ${claim}${also}${because ? `: ${because}` : ''}`, at: first! }
  })
}

type Claim = readonly [claim: string, because: string]

const CLAIMS: ReadonlyMap<string, Claim> = new Map<string, Claim>([
  ...NOT_YET.map(([path, consequence = '']) => [path, ['is not supported yet', consequence]] as const),
  ...NEEDLESS.map(([path, reason]) => [path, ['has no effect', reason]] as const),
])

/** The paths as a tree, so that one walk through a file of many tenants finds them all. */
type Watched = { path?: string; readonly children: Map<string, Watched> }

const plant = (paths: Iterable<string>): Watched => {
  const root: Watched = { children: new Map() }
  for (const path of paths) {
    let node = root
    for (const part of path.replaceAll('[]', '.[]').split('.')) {
      const child: Watched = node.children.get(part) ?? { children: new Map() }
      node.children.set(part, child)
      node = child
    }
    node.path = path
  }
  return root
}

const WATCHED = plant(CLAIMS.keys())

const collect = (node: Node, { children }: Watched, found: Map<string, Position[]>): void => {
  if (node.kind === 'list') {
    const each = children.get('[]')
    if (each) for (const item of node.items) collect(item, each, found)
  }
  if (node.kind !== 'map') return
  for (const [key, { keyAt, value }] of node.entries) {
    const watched = children.get(key) ?? children.get('*')
    if (watched?.path !== undefined) found.set(watched.path, push(found.get(watched.path), keyAt))
    if (watched) collect(value, watched, found)
  }
}

const push = <Item>(list: Item[] | undefined, item: Item): Item[] => {
  if (!list) return [item]
  list.push(item)
  return list
}
