import type { Position } from '../errors.ts'
import type { ConfigWarning } from './config.ts'
import type { Node } from './tree.ts'

/**
 * Keys the schema knows whose feature is not built yet; whoever builds one deletes its line. `[]` is any element of a list,
 * `*` any key. The second text says what that means where it may surprise.
 */
export const NOT_YET: readonly (readonly [path: string, consequence?: string])[] = [
  ['auth', 'nobody is asked for a password'],
  ['cable', 'no sockets are served at its path'],
  ['hooks', 'no command is run'],
  ['server.hostname', 'requests for any host are taken'],
  ['server.disable_compression'],
  ['server.bot_detection', 'crawlers are served like people'],
  ['server.idle', 'the machine is never suspended or stopped'],
  ['server.static', 'no files are served, except that maintenance.page looks in its public_dir'],
  ['server.cgi_scripts', 'no script is run'],
  ['routes.redirects'],
  ['routes.rewrites'],
  ['routes.fly'],
  ['routes.reverse_proxies[].exclude_methods'],
  ['applications.pools.default_memory_limit', 'tenants may use any amount of memory'],
  ['applications.pools.user', 'apps run as the user navigator runs as'],
  ['applications.pools.group', 'apps run as the group navigator runs as'],
  ['applications.public_dir'],
  ['applications.standalone_servers'],
  ...['enabled', 'expected_status', 'initial_delay', 'interval', 'timeout'].flatMap((key) => [
    [`applications.health_check.${key}`] as const,
    [`applications.frameworks.*.health_check.${key}`] as const,
    [`applications.tenants[].health_check.${key}`] as const,
  ]),
  ['applications.frameworks.*.static_dir'],
  ['applications.tenants[].public_dir'],
  ['applications.tenants[].hooks', 'no command is run'],
  ['applications.tenants[].memory_limit', 'the tenant may use any amount of memory'],
  ['applications.tenants[].user', 'the app runs as the user navigator runs as'],
  ['applications.tenants[].group', 'the app runs as the group navigator runs as'],
  ['applications.tenants[].bot_detection', 'crawlers are served like people'],
  ['applications.tenants[].match_pattern', 'the tenant is found by its path alone'],
  ['applications.tenants[].match_header', 'the tenant is found by its path alone'],
  ['applications.tenants[].standalone_server', 'the tenant is started like any other'],
  ['applications.tenants[].rewrite_path'],
  ['applications.tenants[].force_max_concurrent_requests'],
  ['applications.tenants[].max_concurrent_requests'],
  ['applications.tenants[].auth_realm'],
  ['applications.tenants[].auth_enabled', 'nobody is asked for a password'],
  ['applications.tenants[].htpasswd', 'nobody is asked for a password'],
  ['applications.tenants[].exclude_methods'],
  ['applications.tenants[].min_instances'],
  ['applications.tenants[].max_processes'],
  ['applications.tenants[].headers'],
  ['applications.tenants[].port', 'the tenant is lent a port from the range'],
  ['managed_processes[].user', 'it runs as the user navigator runs as'],
  ['managed_processes[].group', 'it runs as the group navigator runs as'],
  ['managed_processes[].health_check'],
  ['logging.file', 'lines go to standard output only'],
  ['logging.vector', 'no lines go to Vector'],
  ['routing'],
  ['rate_limiting', 'requests are not limited'],
  ['circuit_breaker'],
  ['observability'],
]

const STARTS = 'an app is asked from its start on whether it is ready'

/** Keys the schema knows that there is no need for, and why. */
export const NEEDLESS: readonly (readonly [path: string, reason: string])[] = [
  ...['', '.framework', '.frameworks.*', '.tenants[]', '.tenants[].framework'].map(
    (level) => [`applications${level}.start_delay`, STARTS] as const,
  ),
  ['server.named_hosts', 'it never had one; hosts are those of tenants'],
  ['server.root', 'it never had one; each tenant has its root'],
  ['server.idle.check_interval', 'nothing has to be looked for: the last request is known when it ends'],
  ['applications.tenants[].special', 'it never had one'],
  ['applications.tenants[].database', 'it never had one; write it into var or env'],
  ['managed_processes[].priority', 'they start in the order of the file'],
]

/** One warning for each such key in the file, at its first place. */
export const warnNotYet = (root: Node): readonly ConfigWarning[] => [
  ...NOT_YET.flatMap(([path, consequence]) => warn(root, path, 'is not supported yet', consequence)),
  ...NEEDLESS.flatMap(([path, reason]) => warn(root, path, 'has no effect', reason)),
]

const warn = (root: Node, path: string, claim: string, because: string | undefined): readonly ConfigWarning[] => {
  const [first, ...others] = find(root, path.replaceAll('[]', '.[]').split('.'))
  if (!first) return []
  const also = others.length > 0 ? ` (here and in ${others.length} more)` : ''
  return [{ code: 'NAV_CONFIG_WARNING', message: `${path} ${claim}${also}${because ? `: ${because}` : ''}`, at: first }]
}

/** Where the key of each match stands. */
const find = (node: Node, [part, ...rest]: readonly string[], found?: Position): readonly Position[] => {
  if (part === undefined) return [found ?? node.at]
  if (part === '[]') return node.kind === 'list' ? node.items.flatMap((item) => find(item, rest, item.at)) : []
  if (node.kind !== 'map') return []
  if (part === '*') return [...node.entries.values()].flatMap((entry) => find(entry.value, rest, entry.keyAt))
  const entry = node.entries.get(part)
  return entry ? find(entry.value, rest, entry.keyAt) : []
}
