import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../log/logger.ts'
import { isErrno } from '../process/errno.ts'
import type { Generation } from './generation.ts'
import type { TenantRegistry } from './tenant-registry.ts'

const LOOK_MS = 1_000
/** In a tenant's root, as Passenger and Puma have it. */
const FILE = 'tmp/restart.txt'

/** Whose files are looked at, and who hears of a restart that failed. */
export type RestartWatch = { readonly registry: Pick<TenantRegistry, 'generations' | 'restart'>; readonly log: Logger }

/**
 * Looks once a second at `tmp/restart.txt` in the root of every tenant that is awake: one that was touched since the process
 * started asks for another process. Tenants that share a root share the look. Supervisor thread.
 */
export const watchRestartFiles = ({ registry, log }: RestartWatch): Disposable => {
  let before = new Map<Generation, Seen>()
  let lookedAt = Date.now()
  let isLooking = false

  const look = async (): Promise<void> => {
    const awake = [...registry.generations()].filter(({ state, context }) => context().running && state !== 'stopping')
    const touched = new Set<string>()
    const times = await touchTimes(new Set(awake.map(({ config }) => config.root)))
    const now = new Map<Generation, Seen>()
    for (const generation of awake) {
      const pid = generation.context().running?.pid
      const touchedAt = times.get(generation.config.root) ?? 0
      const seen = before.get(generation)
      // Touched between the start of the process and the first look at it: perhaps it has read what is old by now.
      const known = seen?.pid === pid ? seen!.touchedAt : isBetween(touchedAt, lookedAt, Date.now()) ? 0 : touchedAt
      now.set(generation, { pid, touchedAt })
      if (touchedAt !== 0 && touchedAt !== known) touched.add(generation.config.name)
    }
    before = now
    for (const name of touched) restart(name)
  }

  const restart = (tenant: string): void => {
    log.info({ tenant, file: FILE }, 'restarting tenant')
    registry.restart(tenant).catch((error: unknown) => log.error({ tenant, err: error }, 'tenant could not be restarted'))
  }

  const timer = setInterval(async () => {
    if (isLooking) return
    isLooking = true
    const begun = Date.now()
    await look()
    lookedAt = begun
    isLooking = false
  }, LOOK_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

type Seen = { readonly pid: number | undefined; readonly touchedAt: number }

const isBetween = (time: number, from: number, to: number): boolean => time > from && time <= to

/** Epoch ms by root. A file that cannot be looked at is as good as none. */
const touchTimes = async (roots: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> => {
  const looks = [...roots].map(async (root) => {
    const found = await stat(join(root, FILE)).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return undefined
      throw error
    })
    return [root, found?.mtimeMs ?? 0] as const
  })
  return new Map(await Promise.all(looks))
}
