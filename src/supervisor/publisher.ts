import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import type { Config, TenantConfig } from '../config/config.ts'
import type { SupervisorMessage } from '../protocol/messages.ts'
import type { RoutingSnapshot, TenantRoute, TenantStanding } from '../protocol/routing-snapshot.ts'
import { allocateTally } from '../protocol/tally.ts'

/** Keeps the workers' routing true. Supervisor thread. */
export type Publisher = {
  /** The routing as of now, for a worker that is born. */
  snapshot(): RoutingSnapshot
  /** Sends the whole routing: after a reload. */
  publish(): void
  /** Sends where one tenant stands now, once for all changes of one turn of the event loop. */
  moved(name: string): void
}

/** What the publisher reads, and whom it tells. */
export type PublisherSources = {
  config(): Config
  standings(): readonly TenantStanding[]
  standing(name: string): TenantStanding | undefined
  tell(message: SupervisorMessage): void
}

export const createPublisher = (sources: PublisherSources): Publisher => {
  const changed = new Set<string>()
  const published = new Map<string, TenantStanding>()
  let version = 0

  const flush = () => {
    for (const name of changed) {
      const standing = sources.standing(name) ?? { name, state: 'stopped' }
      if (isSame(published.get(name), standing)) continue
      published.set(name, standing)
      sources.tell({ type: 'tenant.moved', standing })
    }
    changed.clear()
  }

  const cells = createCells()
  const snapshot = () => ({ ...snapshotOf(sources.config(), sources.standings(), version), ...limitsOf(sources.config(), cells) })

  return {
    snapshot,
    publish() {
      version++
      published.clear()
      const whole = snapshot()
      for (const standing of whole.standings) published.set(standing.name, standing)
      sources.tell({ type: 'routing.published', snapshot: whole })
    },
    moved(name) {
      if (changed.size === 0) queueMicrotask(flush)
      changed.add(name)
    },
  }
}

const snapshotOf = (config: Config, standings: readonly TenantStanding[], version: number): RoutingSnapshot => ({
  version,
  server: config.server,
  maintenance: config.maintenance,
  auth: config.auth,
  routes: config.routes,
  ...(config.cable.enabled ? { cable: config.cable } : {}),
  queue: config.applications.queue,
  tenants: config.tenants.map((tenant) => routeOf(tenant, config)),
  standings,
})

/** One for all times: a reload, or a worker that is born anew, forgives nobody what he has asked. */
const createCells = (): (() => SharedArrayBuffer) => {
  let cells: SharedArrayBuffer | undefined
  return () => {
    cells ??= allocateTally(randomInt(2 ** 32))
    return cells
  }
}

const limitsOf = ({ rate_limiting: limiting }: Config, cells: () => SharedArrayBuffer): Pick<RoutingSnapshot, 'rate_limiting'> =>
  limiting?.enabled && limiting.requests !== undefined
    ? { rate_limiting: { ...limiting, requests: limiting.requests, cells: cells() } }
    : {}

const routeOf = (tenant: TenantConfig, { auth, server }: Config): TenantRoute => {
  const sendfileRoots = server.static.x_sendfile
  const { name, path, host, startup_timeout, track_websockets, public_dir, root, maintenance, bot_detection } = tenant
  const { match_pattern, exclude_methods, headers } = tenant
  return {
    name,
    path,
    ...(host === undefined ? {} : { host }),
    startup_timeout,
    track_websockets,
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(bot_detection === undefined ? {} : { bot_detection }),
    ...authOf(tenant, auth),
    ...(public_dir === undefined ? {} : { public_dir }),
    ...(match_pattern === undefined ? {} : { match_pattern }),
    ...(exclude_methods === undefined ? {} : { exclude_methods }),
    ...(headers === undefined ? {} : { headers }),
    ...(sendfileRoots.length === 0 ? {} : { sendfile_roots: sendfileRoots.map((directory) => resolve(root, directory)) }),
  }
}

const authOf = ({ auth_enabled, auth_realm, htpasswd }: TenantConfig, auth: Config['auth']): Pick<TenantRoute, 'auth'> => {
  if (auth_enabled === undefined && auth_realm === undefined && htpasswd === undefined) return {}
  const realm = auth_realm ?? auth.realm
  const file = htpasswd ?? auth.htpasswd
  const enabled = realm !== 'off' && (auth_enabled ?? (htpasswd !== undefined || auth.enabled))
  return { auth: { enabled, realm, ...(file === undefined ? {} : { htpasswd: file }) } }
}

const isSame = (a: TenantStanding | undefined, b: TenantStanding): boolean =>
  a?.state === b.state &&
  a.admission?.ticket === b.admission?.ticket &&
  a.admission?.slot === b.admission?.slot &&
  a.failure?.retryAt === b.failure?.retryAt
