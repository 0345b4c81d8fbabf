import type { TenantMachine } from '../../machines/tenant.ts'
import type { StopReason } from '../../machines/tenant-facts.ts'
import type { TenantConfig } from '../config/config.ts'
import { NavigatorError } from '../errors.ts'
import type { Recorder } from '../inspect/recorder.ts'
import type { Logger } from '../log/logger.ts'
import type { GateKeeper } from '../protocol/counters.ts'
import type { TenantStanding } from '../protocol/routing-snapshot.ts'
import { createGeneration, type Generation } from './generation.ts'

/** The configured tenants and those generations of them that were ever awake. Supervisor thread. */
export type TenantRegistry = {
  /** Somebody waits for this tenant. An unknown name is ignored: a reload may have removed it. */
  wake(name: string): void
  /** Its process refused a connection though its gate showed `ticket`. */
  refuse(name: string, ticket: number): void
  /** The one that takes requests. Undefined for a tenant never awake. */
  current(name: string): Generation | undefined
  /** Over all its generations. */
  tally(name: string): Tally
  standing(name: string): TenantStanding | undefined
  standings(): readonly TenantStanding[]
  /** Every generation that is not gone, retired ones too. */
  generations(): Iterable<Generation>
  configOf(id: string): TenantConfig
  add(config: TenantConfig): void
  /** Unknown from now on; drains and stops. */
  remove(name: string): void
  /** New route and timeouts, same process. */
  retune(config: TenantConfig): void
  /**
   * Puts a new generation in the place of an awake one as soon as it is ready; the old one drains and stops.
   * When it fails, the old one stays until it sleeps, and this rejects with the reason.
   */
  replace(config: TenantConfig): Promise<void>
  /** `replace` with what its configuration says now. An unknown name is ignored. */
  restart(name: string): Promise<void>
  /** Whether the last `replace` of this tenant failed. */
  isOutdated(name: string): boolean
  /** Resolves when all are gone. None starts from now on. */
  stopAll(reason: Exclude<StopReason, 'idle'>): Promise<void>
}

/** What a tenant has come to since navigator started. */
export type Tally = { readonly requests: number; readonly crashes: number }

/** What the registry is made from. */
export type RegistrySpec = {
  readonly tenants: readonly TenantConfig[]
  readonly gates: GateKeeper
  readonly log: Logger
  readonly recorder: Recorder
  machine(): TenantMachine
  /** Longest time for requests in flight once a stop was ordered, in ms. */
  drainMs(): number
  /** The current generation of this tenant, or which one is current, changed. */
  onMoved(name: string): void
  /** A tenant came to rest: the pool may evict it. */
  onIdle(): void
}

export const createTenantRegistry = (spec: RegistrySpec): TenantRegistry => {
  const tenants = new Map<string, Tenant>(spec.tenants.map((config) => [config.name, asleep(config)]))
  const alive = new Map<string, Generation>()
  let born = 0
  let isClosed = false

  const create = (tenant: Tenant, isReplacement: boolean): Generation => {
    const { name } = tenant.config
    const id = `${name}#${++born}`
    const generation = createGeneration({
      id,
      isReplacement,
      config: tenant.config,
      drainMs: spec.drainMs(),
      machine: spec.machine(),
      gates: spec.gates,
      log: spec.log,
      recorder: spec.recorder,
      onMoved(moved) {
        if (tenant.current === moved) spec.onMoved(name)
        if (moved.state === 'idle') spec.onIdle()
      },
    })
    alive.set(id, generation)
    tenant.generations = new Set(tenant.generations).add(generation)
    void generation.gone.then(() => {
      alive.delete(id)
      bury(tenant, generation)
      // Gone unasked: its machine failed. The next request gets another.
      if (tenant.current === generation) install(tenant, undefined)
    })
    return generation
  }

  const install = (tenant: Tenant, generation: Generation | undefined) => {
    const old = tenant.current
    tenant.current = generation
    if (tenant.next === generation) tenant.next = undefined
    if (old !== generation) old?.send({ type: 'tenant.stop', reason: 'reload' })
    spec.onMoved(tenant.config.name)
  }

  /** The generation a request may wait for: the newest there is, once the current one is asleep. */
  const awaken = (tenant: Tenant): Generation => {
    const { current } = tenant
    if (!current || (isAsleep(current) && isOutdated(tenant))) install(tenant, tenant.next ?? create(tenant, false))
    return tenant.current!
  }

  const replace = async (config: TenantConfig): Promise<void> => {
    const tenant = tenants.get(config.name)!
    tenant.config = config
    if (isClosed || !tenant.current || isAsleep(tenant.current)) return install(tenant, undefined)
    const next = create(tenant, true)
    tenant.next = next
    next.send({ type: 'tenant.requested' })
    const reason = await next.firstStart
    if (isClosed || tenants.get(config.name) !== tenant || tenant.current === next) return
    if (reason === undefined) return install(tenant, next)
    tenant.next = undefined
    next.send({ type: 'tenant.stop', reason: 'reload' })
    throw new NavigatorError('NAV_PROCESS_EXITED', `${config.name} could not be replaced: ${reason}`, {
      hint: 'the process from before the reload goes on serving; correct the tenant and reload again',
    })
  }

  return {
    replace,
    configOf: (id) => alive.get(id)!.config,
    generations: () => alive.values(),
    current: (name) => tenants.get(name)?.current,
    tally(name) {
      const { past, generations } = tenants.get(name)!
      return [...generations].map(tallyOf).reduce(add, past)
    },
    standing: (name) => tenants.get(name)?.current?.standing(),
    standings: () => [...tenants.values()].flatMap(({ current }) => current?.standing() ?? []),
    restart: async (name) => {
      const tenant = tenants.get(name)
      if (tenant) await replace(tenant.config)
    },
    isOutdated: (name) => isOutdated(tenants.get(name)!),
    wake(name) {
      const tenant = tenants.get(name)
      if (tenant && !isClosed) awaken(tenant).send({ type: 'tenant.requested' })
    },
    refuse: (name, ticket) => tenants.get(name)?.current?.send({ type: 'tenant.refused', ticket }),
    add: (config) => void tenants.set(config.name, asleep(config)),
    remove(name) {
      const tenant = tenants.get(name)
      tenants.delete(name)
      for (const generation of [tenant?.current, tenant?.next]) generation?.send({ type: 'tenant.stop', reason: 'reload' })
    },
    retune(config) {
      const tenant = tenants.get(config.name)!
      const wasOutdated = isOutdated(tenant)
      tenant.config = config
      if (!wasOutdated) tenant.current?.retune(config, spec.drainMs())
    },
    async stopAll(reason) {
      isClosed = true
      for (const generation of alive.values()) generation.send({ type: 'tenant.stop', reason })
      await Promise.all([...alive.values()].map((generation) => generation.gone))
    },
  }
}

type Tenant = {
  config: TenantConfig
  current: Generation | undefined
  /** There while a replacement starts. */
  next: Generation | undefined
  /** Those not gone yet. */
  generations: ReadonlySet<Generation>
  /** What those that are gone had come to. */
  past: Tally
}

// Shared by all that never were awake: there may be 100,000 of them.
const NONE: ReadonlySet<Generation> = new Set()
const NOTHING: Tally = { requests: 0, crashes: 0 }

const asleep = (config: TenantConfig): Tenant => ({
  config,
  current: undefined,
  next: undefined,
  generations: NONE,
  past: NOTHING,
})

const bury = (tenant: Tenant, generation: Generation): void => {
  tenant.generations = tenant.generations.difference(new Set([generation]))
  tenant.past = add(tenant.past, tallyOf(generation))
}

const tallyOf = (generation: Generation): Tally => ({ requests: generation.requests, crashes: generation.context().crashes })

const add = (one: Tally, other: Tally): Tally => ({ requests: one.requests + other.requests, crashes: one.crashes + other.crashes })

const isAsleep = ({ state }: Generation): boolean => state === 'stopped' || state === 'crashed'

/** Its replacement failed, so it runs on by a configuration that is no longer the file's. */
const isOutdated = ({ config, current }: Tenant): boolean => current !== undefined && current.config !== config
