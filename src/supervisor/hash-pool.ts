import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'

/** Threads that compute password hashes, so that neither traffic nor the supervisor waits for one. Supervisor thread. */
export type HashPool = {
  /** Undefined when too many wait already. @throws what the hashing throws. */
  verify(password: string, hash: string): Promise<boolean | undefined>
  close(): Promise<void>
}

/** One processor is left to traffic. */
const THREADS = Math.max(1, Math.min(4, availableParallelism() - 1))
const QUEUE_LIMIT = 1_000
/** Logins come in bursts: between them the threads' memory is given back. */
const IDLE_MS = 60_000
const taskUrl = new URL(import.meta.url.endsWith('.ts') ? '../passwords/verify-task.ts' : './verify-task.cjs', import.meta.url)

/** Its threads start with the first password. */
export const openHashPool = (): HashPool => {
  const pool = new Piscina<{ password: string; hash: string }, boolean>({
    filename: taskUrl.href,
    minThreads: 0,
    maxThreads: THREADS,
    maxQueue: QUEUE_LIMIT,
    idleTimeout: IDLE_MS,
    atomics: 'disabled',
    recordTiming: false,
    trackUnmanagedFds: false,
  })
  return {
    verify: async (password, hash) => (pool.queueSize >= QUEUE_LIMIT ? undefined : pool.run({ password, hash })),
    close: () => pool.destroy(),
  }
}
