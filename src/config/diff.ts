import { isDeepStrictEqual } from 'node:util'
import type { Config, ManagedProcessConfig, TenantConfig } from './config.ts'

/** The same thing, known by its name, before and after. */
export type Changed<Thing> = { readonly before: Thing; readonly after: Thing }

/** What became of things that have names. Those in no list are untouched. */
export type NamedDiff<Thing> = {
  readonly added: readonly Thing[]
  readonly removed: readonly Thing[]
  /** Its process must be replaced. */
  readonly changed: readonly Changed<Thing>[]
  /** Its process may go on: only times, routing or the like changed. */
  readonly retuned: readonly Changed<Thing>[]
}

/** What a reload has to do. Positions in the file do not count, nor does the order of tenants or processes. */
export type ConfigDiff = {
  readonly tenants: NamedDiff<TenantConfig>
  readonly processes: NamedDiff<ManagedProcessConfig>
  readonly listenChanged: boolean
  readonly workersChanged: boolean
  /** Anything else of `server`. */
  readonly serverChanged: boolean
  readonly routesChanged: boolean
  readonly maintenanceChanged: boolean
  readonly poolsChanged: boolean
  readonly queueChanged: boolean
  readonly loggingChanged: boolean
  /** `auth`, `cable`, `hooks` or `rate_limiting`. */
  readonly othersChanged: boolean
  /** Nothing at all. */
  readonly unchanged: boolean
}

/** Keys of a tenant that its process does not see. */
const TENANT_RETUNES: ReadonlySet<string> = new Set([
  'path',
  'host',
  'health_check',
  'readiness',
  'match_pattern',
  'exclude_methods',
  'headers',
  'startup_timeout',
  'ready_timeout',
  'idle_timeout',
  'stop_timeout',
  'track_websockets',
  'min_instances',
  'public_dir',
  'maintenance',
  'bot_detection',
  'hooks',
  'auth_realm',
  'auth_enabled',
  'htpasswd',
])
const PROCESS_RETUNES: ReadonlySet<string> = new Set([
  'auto_restart',
  'start_delay',
  'stop_timeout',
  'priority',
  'depends_on',
  'restart_limit',
])

/** Compares two configurations that hold. Linear in their size. */
export const diffConfig = (before: Config, after: Config): ConfigDiff => {
  const sections = diffSections(before, after)
  const tenants = diffNamed(before.tenants, after.tenants, TENANT_RETUNES)
  const processes = diffNamed(before.managed_processes, after.managed_processes, PROCESS_RETUNES)
  const unchanged = !Object.values(sections).includes(true) && isEmpty(tenants) && isEmpty(processes)
  return { tenants, processes, ...sections, unchanged }
}

const diffSections = (before: Config, after: Config) => {
  const { listen: listenBefore, workers: workersBefore, ...serverBefore } = before.server
  const { listen: listenAfter, workers: workersAfter, ...serverAfter } = after.server
  return {
    listenChanged: listenBefore.host !== listenAfter.host || listenBefore.port !== listenAfter.port,
    workersChanged: workersBefore !== workersAfter,
    serverChanged: differ(serverBefore, serverAfter),
    routesChanged: differ(before.routes, after.routes),
    maintenanceChanged: differ(before.maintenance, after.maintenance),
    poolsChanged: differ(before.applications.pools, after.applications.pools),
    queueChanged: differ(before.applications.queue, after.applications.queue),
    loggingChanged: differ(before.logging, after.logging),
    othersChanged: differ(othersOf(before), othersOf(after)),
  }
}

const othersOf = ({ auth, cable, hooks, rate_limiting }: Config) => [auth, cable, hooks, rate_limiting]

const differ = (a: unknown, b: unknown): boolean => !isDeepStrictEqual(a, b)

const isEmpty = ({ added, removed, changed, retuned }: NamedDiff<unknown>): boolean =>
  added.length + removed.length + changed.length + retuned.length === 0

const diffNamed = <Thing extends { readonly name: string }>(
  before: readonly Thing[],
  after: readonly Thing[],
  retunes: ReadonlySet<string>,
): NamedDiff<Thing> => {
  const old = new Map(before.map((thing) => [thing.name, thing]))
  const names = new Set(after.map(({ name }) => name))
  const pairs = after.flatMap((thing) => {
    const earlier = old.get(thing.name)
    return earlier && differ(earlier, thing) ? [{ before: earlier, after: thing }] : []
  })
  const needsNewProcess = (pair: Changed<Thing>) => differ(without(pair.before, retunes), without(pair.after, retunes))
  return {
    added: after.filter(({ name }) => !old.has(name)),
    removed: before.filter(({ name }) => !names.has(name)),
    changed: pairs.filter(needsNewProcess),
    retuned: pairs.filter((pair) => !needsNewProcess(pair)),
  }
}

const without = (thing: object, keys: ReadonlySet<string>): unknown =>
  Object.fromEntries(Object.entries(thing).filter(([key]) => !keys.has(key)))
