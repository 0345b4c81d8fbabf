import type { TenantConfig } from '../config/config.ts'
import type { Logger } from '../log/logger.ts'
import { readGroupMemory } from '../process/group-memory.ts'
import type { MemoryGroup, MemoryGroups } from '../process/memory-groups.ts'
import type { Generation } from './generation.ts'

const LOOK_MS = 3_000

/**
 * Keeps tenants to their memory limits: by control groups where they can be had, else by looking how much their process groups take
 * and stopping, once its requests have ended, one that takes more. Supervisor thread.
 */
export type MemoryLimits = {
  /**
   * For a process about to start, until disposed of: the file to write its pid to. Undefined when it has no limit, or is watched.
   * `slot` is its place in the counters.
   */
  hold(tenant: TenantConfig, slot: number): MemoryHold | undefined
  /** How many of a tenant's processes the kernel has killed for want of memory since navigator started. */
  oomKills(tenant: string): number
  /** Looks every 3 s until disposed of. */
  watch(generations: () => Iterable<Generation>): Disposable
}

export type MemoryHold = Disposable & { readonly membersFile: string }

/** @param openGroups throws an Error that says why there are none; asked when the first limit is to be kept. */
export const createMemoryLimits = (openGroups: () => MemoryGroups, log: Logger): MemoryLimits => {
  const kills = new Map<string, number>()
  const held = new Map<number, Held>()
  const lend = lending(openGroups, log)

  /** Each group is new for each process, so what it has counted more than at the last look is news. */
  const look = (one: Held): void => {
    const count = one.group.oomKills()
    if (count === undefined || count === one.seen) return
    const { name, memory_limit: limitBytes } = one.tenant
    kills.set(name, (kills.get(name) ?? 0) + count - one.seen)
    one.seen = count
    log.error({ tenant: name, limitBytes, oomKills: kills.get(name) }, 'tenant was killed for want of memory')
  }

  return {
    oomKills: (tenant) => kills.get(tenant) ?? 0,
    hold(tenant, slot) {
      const group = tenant.memory_limit === undefined ? undefined : lend(tenant.name, tenant.memory_limit)
      if (!group) return undefined
      const one: Held = { tenant, group, seen: 0 }
      held.set(slot, one)
      return {
        membersFile: group.membersFile,
        [Symbol.dispose]() {
          look(one)
          held.delete(slot)
          group[Symbol.dispose]()
        },
      }
    },
    watch(generations) {
      const timer = setInterval(async () => {
        for (const one of held.values()) look(one)
        await recycle(
          [...generations()].filter((one) => !held.has(one.context().running?.slot ?? -1)),
          log,
        )
      }, LOOK_MS)
      return { [Symbol.dispose]: () => clearInterval(timer) }
    },
  }
}

type Held = { readonly tenant: TenantConfig; readonly group: MemoryGroup; seen: number }

/** Nothing keeps a tenant from starting: without a group it is watched. Why, is said once. */
const lending = (openGroups: () => MemoryGroups, log: Logger): ((name: string, limitBytes: number) => MemoryGroup | undefined) => {
  let groups: MemoryGroups | undefined
  let isGivenUp = false
  return (name, limitBytes) => {
    if (isGivenUp) return undefined
    try {
      groups ??= openGroups()
      return groups.lend(name, limitBytes)
    } catch (error) {
      isGivenUp = true
      const reason = error instanceof Error ? error.message : String(error)
      log.warn({ reason }, 'control groups cannot be had: tenants over their memory limit are restarted, not held to it')
      return undefined
    }
  }
}

const recycle = async (generations: readonly Generation[], log: Logger): Promise<void> => {
  const watched = generations.flatMap((generation) => {
    const { pid } = generation.context().running ?? {}
    const { memory_limit: limit } = generation.config
    const isServing = generation.state === 'ready' || generation.state === 'idle'
    return isServing && pid !== undefined && limit !== undefined ? [{ generation, pid, limit }] : []
  })
  const memory = await readGroupMemory(new Map(watched.map(({ pid, limit }) => [pid, limit])))
  for (const { generation, pid, limit } of watched) {
    const memoryBytes = memory.get(pid) ?? 0
    if (memoryBytes <= limit || generation.context().running?.pid !== pid) continue
    log.warn({ tenant: generation.config.name, memoryBytes, limitBytes: limit }, 'tenant takes more memory than it may, restarting it')
    generation.send({ type: 'tenant.stop', reason: 'memory' })
  }
}
