import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'

/** What became of things that are known by their names. Those in no list are untouched. */
export type NamedDiff = {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Their processes must be replaced. */
  readonly changed: readonly string[]
}

/** What a reload has to do. Positions in the file do not count, nor does the order of tenants or processes. */
export type ConfigDiff = {
  readonly tenants: NamedDiff & {
    /** Their processes may go on: only times, routing or the like changed. */
    readonly retuned: readonly string[]
  }
  readonly processes: NamedDiff
  readonly listenChanged: boolean
  readonly workersChanged: boolean
  /** Anything else of `server`. */
  readonly serverChanged: boolean
  readonly routesChanged: boolean
  readonly maintenanceChanged: boolean
  readonly poolsChanged: boolean
  readonly queueChanged: boolean
  readonly loggingChanged: boolean
  /** `auth`, `cable` or `hooks`. */
  readonly othersChanged: boolean
  /** Nothing at all. */
  readonly unchanged: boolean
}

/** Keys of a tenant that its process does not see. */
const TENANT_RETUNES: ReadonlySet<string> = new Set([
  'path',
  'host',
  'health_check',
  'startup_timeout',
  'ready_timeout',
  'idle_timeout',
  'stop_timeout',
  'track_websockets',
])

/** Compares two configurations that hold. Linear in their size. */
export const diffConfig = (before: Config, after: Config): ConfigDiff => {
  const { listen: listenBefore, workers: workersBefore, ...serverBefore } = before.server
  const { listen: listenAfter, workers: workersAfter, ...serverAfter } = after.server
  const sections = {
    listenChanged: listenBefore.host !== listenAfter.host || listenBefore.port !== listenAfter.port,
    workersChanged: workersBefore !== workersAfter,
    serverChanged: differ(serverBefore, serverAfter),
    routesChanged: differ(before.routes, after.routes),
    maintenanceChanged: differ(before.maintenance, after.maintenance),
    poolsChanged: differ(before.applications.pools, after.applications.pools),
    queueChanged: differ(before.applications.queue, after.applications.queue),
    loggingChanged: differ(before.logging, after.logging),
    othersChanged: differ([before.auth, before.cable, before.hooks], [after.auth, after.cable, after.hooks]),
  }
  const tenants = diffNamed(before.tenants, after.tenants, TENANT_RETUNES)
  const { retuned: _, ...processes } = diffNamed(before.managed_processes, after.managed_processes, new Set())
  const isSame = !Object.values(sections).includes(true) && [tenants, processes].every((diff) => Object.values(diff).flat().length === 0)
  return { tenants, processes, ...sections, unchanged: isSame }
}

const differ = (a: unknown, b: unknown): boolean => !isDeepStrictEqual(a, b)

const diffNamed = <Thing extends { readonly name: string }>(
  before: readonly Thing[],
  after: readonly Thing[],
  retunes: ReadonlySet<string>,
) => {
  const old = new Map(before.map((thing) => [thing.name, thing]))
  const names = new Set(after.map(({ name }) => name))
  const pairs = after.flatMap((thing) => {
    const earlier = old.get(thing.name)
    return earlier && differ(earlier, thing)
      ? [{ name: thing.name, isNew: differ(without(earlier, retunes), without(thing, retunes)) }]
      : []
  })
  return {
    added: [...names].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !names.has(name)),
    changed: pairs.filter(({ isNew }) => isNew).map(({ name }) => name),
    retuned: pairs.filter(({ isNew }) => !isNew).map(({ name }) => name),
  }
}

const without = (thing: object, keys: ReadonlySet<string>): unknown =>
  Object.fromEntries(Object.entries(thing).filter(([key]) => !keys.has(key)))
