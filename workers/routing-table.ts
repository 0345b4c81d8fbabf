/** A routing snapshot made quick to ask: nothing here grows with the number of tenants but the table itself. */
import { portOf } from '../src/protocol/counters.ts'
import type { RoutingSnapshot, TenantRoute, TenantStanding } from '../src/protocol/routing-snapshot.ts'
import { type AccessTable, compileAccess } from './access/access-table.ts'
import { type Credentials, noCredentials } from './access/credentials.ts'
import { compileAllowedHosts } from './allowed-hosts.ts'
import { type CgiTable, compileCgiScripts } from './cgi-table.ts'
import { compressionOf } from './compression-policy.ts'
import { createPublicFiles, type PublicFiles } from './files/public-files.ts'
import { compileReplays, type ReplayTable } from './fly/replay-table.ts'
import { compileStickySessions, type StickySessions } from './fly/sticky-sessions.ts'
import { createMaintenancePages, type MaintenancePages } from './maintenance-pages.ts'
import { compileRateLimit, type RateLimit } from './rate-limit.ts'
import { compileReverseProxies, type ReverseProxyTable } from './reverse-proxy-table.ts'
import { compileRules, type RuleTable } from './rules/rule-table.ts'
import { compileTrust } from './trust.ts'

/** Where a tenant's process takes requests. Also the happy outcome of waiting for it. */
export type Place = { readonly kind: 'admitted'; readonly slot: number; readonly ticket: number; readonly port: number }

export type RoutingTable = {
  readonly snapshot: RoutingSnapshot
  readonly cgiScripts: CgiTable
  readonly reverseProxies: ReverseProxyTable
  readonly files: PublicFiles
  /** Which paths need whose password. */
  readonly access: AccessTable
  /** Whose passwords have been found right. */
  readonly credentials: Credentials
  /** Whether any tenant has a directory of files of its own. */
  readonly hasFileOwners: boolean
  readonly maintenancePages: MaintenancePages
  /** Whether any tenant may be in maintenance by itself, or wants crawlers told apart. */
  readonly hasOwnMaintenance: boolean
  readonly detectsBots: boolean
  readonly rules: RuleTable
  readonly replays: ReplayTable
  readonly sticky: StickySessions | undefined
  /** Undefined where nothing is limited. */
  readonly rateLimit: RateLimit | undefined
  /** Whether this host is served here. Undefined where all are. */
  readonly isAllowedHost: ((host: string) => boolean) | undefined
  /** Whether what this peer says of a request's way here is believed. */
  trusts(peer: string): boolean
  /** Whether a peer has to begin with a PROXY protocol header. Undefined when none has to. */
  readonly announcesPeers: ((peer: string) => boolean) | undefined
  /** The tenant whose pattern fits `path`, else that with its longest prefix; those of this very host come first. `host` as sent, with or without port. */
  findTenant(host: string | undefined, path: string): TenantRoute | undefined
  /** Whether `path` is a tenant's prefix, or the root path, without its last slash. */
  isSlashless(host: string | undefined, path: string): boolean
  standing(name: string): TenantStanding | undefined
  /** Where the tenant takes requests as far as this worker knows. The gate has the last word. */
  place(name: string): Place | undefined
  /** Takes in what the supervisor says has changed. */
  moved(standing: TenantStanding): void
}

/** Tenants of one host, or of any. */
type Site = { readonly byPrefix: Map<string, TenantRoute>; readonly slashless: Set<string>; depth: number }

/** Compiles a snapshot. Worker thread; one pass over all tenants. Without `credentials` nobody is found to be anybody. */
export const createRoutingTable = (snapshot: RoutingSnapshot, credentials: Credentials = noCredentials): RoutingTable => {
  const anyHost = createSite()
  const hosts = new Map<string, Site>()
  const standings = new Map<string, TenantStanding>()
  const places = new Map<string, Place>()

  const moved = (standing: TenantStanding): void => {
    standings.set(standing.name, standing)
    if (standing.admission === undefined) places.delete(standing.name)
    else places.set(standing.name, { kind: 'admitted', ...standing.admission, port: portOf(standing.admission.ticket) })
  }
  const siteOf = (host: string | undefined): Site | undefined =>
    hosts.size === 0 || host === undefined ? undefined : hosts.get(bareHost(host))

  for (const tenant of snapshot.tenants) addTenant(tenant.host === undefined ? anyHost : siteFor(hosts, tenant.host), tenant)
  if (snapshot.server.root_path.length > 1) anyHost.slashless.add(snapshot.server.root_path.slice(0, -1))
  for (const standing of snapshot.standings) moved(standing)

  const patterned = snapshot.tenants.flatMap(compileTenantPattern)
  const findTenant = (host: string | undefined, path: string): TenantRoute | undefined => {
    const decoded = decodedPath(path)
    if (patterned.length > 0) {
      const fitting = findFitting(patterned, host, decoded)
      if (fitting !== undefined) return fitting
    }
    const site = siteOf(host)
    return (site && longestPrefix(site, decoded)) ?? longestPrefix(anyHost, decoded)
  }
  const isSlashless = (host: string | undefined, path: string): boolean => {
    const decoded = decodedPath(path)
    return siteOf(host)?.slashless.has(decoded) === true || anyHost.slashless.has(decoded)
  }
  // The redirect to a tenant is asked the password that the tenant asks.
  const owner = (host: string | undefined, path: string) => findTenant(host, isSlashless(host, path) ? `${path}/` : path)

  return {
    snapshot,
    credentials,
    access: compileAccess(snapshot.auth, snapshot.tenants, owner),
    cgiScripts: compileCgiScripts(snapshot.server.cgi_scripts ?? []),
    reverseProxies: compileReverseProxies(snapshot.routes.reverse_proxies),
    files: createPublicFiles(snapshot.server.static, { rootPath: snapshot.server.root_path, compression: compressionOf(snapshot.server) }),
    hasFileOwners: snapshot.tenants.some(({ public_dir }) => public_dir !== undefined),
    maintenancePages: createMaintenancePages(pageFiles(snapshot)),
    hasOwnMaintenance: snapshot.tenants.some(({ maintenance }) => maintenance?.enabled),
    detectsBots: [snapshot.server, ...snapshot.tenants].some(({ bot_detection }) => bot_detection?.enabled),
    rules: compileRules(snapshot.routes),
    replays: compileReplays(snapshot.routes.fly?.replay ?? []),
    sticky: compileStickySessions(snapshot.routes.fly),
    rateLimit: compileRateLimit(snapshot),
    isAllowedHost: compileAllowedHosts(snapshot),
    trusts: compileTrust(snapshot.server.trust_proxy),
    announcesPeers: snapshot.server.proxy_protocol ? compileTrust(snapshot.server.proxy_protocol) : undefined,
    findTenant,
    isSlashless,
    standing: (name) => standings.get(name),
    place: (name) => places.get(name),
    moved,
  }
}

function* pageFiles({ maintenance, tenants }: RoutingSnapshot): Iterable<string> {
  if (maintenance.page !== undefined) yield maintenance.page
  for (const { maintenance: own } of tenants) if (own?.page !== undefined) yield own.page
}

type Patterned = { readonly tenant: TenantRoute; readonly pattern: RegExp }

const compileTenantPattern = (tenant: TenantRoute): readonly Patterned[] =>
  tenant.match_pattern === undefined ? [] : [{ tenant, pattern: new RegExp(tenant.match_pattern) }]

const findFitting = (patterned: readonly Patterned[], host: string | undefined, path: string): TenantRoute | undefined => {
  const isMeant = ({ tenant, pattern }: Patterned): boolean =>
    (tenant.host === undefined || (host !== undefined && tenant.host === bareHost(host))) && pattern.test(path)
  return patterned.find(isMeant)?.tenant
}

const createSite = (): Site => ({ byPrefix: new Map(), slashless: new Set(), depth: 0 })

const siteFor = (hosts: Map<string, Site>, host: string): Site => {
  const site = hosts.get(host) ?? createSite()
  hosts.set(host, site)
  return site
}

const addTenant = (site: Site, tenant: TenantRoute): void => {
  const prefix = decodedPath(tenant.path)
  if (site.byPrefix.has(prefix)) return
  site.byPrefix.set(prefix, tenant)
  site.depth = Math.max(site.depth, prefix.split('/').length - 1)
  if (prefix.length > 1) site.slashless.add(prefix.slice(0, -1))
}

/** Looks only as deep as the deepest tenant, so a path of a thousand slashes costs no more than a plain one. */
const longestPrefix = (site: Site, path: string): TenantRoute | undefined => {
  let end = nthSlash(path, site.depth)
  while (end !== -1) {
    const tenant = site.byPrefix.get(path.slice(0, end + 1))
    if (tenant !== undefined) return tenant
    end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)
  }
  return undefined
}

/** Position of the n-th slash, or of the last when there are fewer; -1 without any. */
const nthSlash = (path: string, n: number): number => {
  let at = -1
  for (let i = 0; i < n; i++) {
    const next = path.indexOf('/', at + 1)
    if (next === -1) break
    at = next
  }
  return at
}

/** What cannot be decoded is compared as sent. */
const decodedPath = (path: string): string => {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** `Example.org:3000` → `example.org`; an IPv6 address keeps its brackets. */
const bareHost = (host: string): string => host.toLowerCase().replace(/:\d*$/, '')
