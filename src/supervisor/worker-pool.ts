import { MessageChannel, type Transferable } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { GateKeeper } from '../protocol/counters.ts'
import type { SupervisorMessage, WorkerBirth, WorkerMessage } from '../protocol/messages.ts'
import type { RoutingSnapshot } from '../protocol/routing-snapshot.ts'
import type { Listeners } from './listeners.ts'

/** Without a limit a leaking worker takes the whole process along before it dies. */
const MAX_HEAP_MB = 512
/** Three times the semi-space. What Node takes by itself is four times as much, and no request gets cheaper by it. */
const MAX_YOUNG_MB = 12

/** A thread that carries traffic. */
export type WorkerThread = {
  tell(message: SupervisorMessage, transfer?: Transferable[]): void
  /** Resolves when the thread is gone and its counts are cleared: with what ended it, or nothing when it ended as asked. */
  readonly ended: Promise<string | undefined>
  /** Ends it without regard to what it does. */
  cut(): void
}

/** Where threads get what they are born with. */
export type WorkerPoolSpec = {
  readonly url: URL
  readonly counters: SharedArrayBuffer
  readonly gates: GateKeeper
  /** See `WorkerBirth`. */
  readonly cable: string
  listeners(): Listeners
  routing(): RoutingSnapshot
  onMessage(worker: number, message: WorkerMessage): void
}

/**
 * Opens the thread of one worker slot. Each slot is a Piscina pool of one thread: only so is a thread known to be gone,
 * can one be cut alone, and does one that dies while it boots not keep the others from being replaced. Supervisor thread.
 * @throws NAV_LISTEN_FAILED when there is no socket for it.
 */
export const openWorkerThread = (spec: WorkerPoolSpec, worker: number): WorkerThread => {
  const { port1: port, port2 } = new MessageChannel()
  const socket = spec.listeners().bind()
  const pool = createPool(spec.url)
  port.on('message', (message: WorkerMessage) => spec.onMessage(worker, message))

  const { counters, cable } = spec
  const birth: WorkerBirth = { worker, port: port2, sockets: [socket], counters, cable, routing: spec.routing() }
  const ended = live(pool, birth).then((error) => {
    port.close()
    // Only now: its thread can no longer count.
    spec.gates.clearRow(worker)
    return error
  })
  return {
    ended,
    tell: (message, transfer = []) => port.postMessage(message, transfer),
    cut: () => void pool.destroy(),
  }
}

const createPool = (url: URL): Piscina<WorkerBirth, void> => {
  const pool = new Piscina<WorkerBirth, void>({
    filename: url.href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    // 'sync' would put the thread's event loop to sleep between tasks.
    atomics: 'disabled',
    idleTimeout: Number.POSITIVE_INFINITY,
    recordTiming: false,
    trackUnmanagedFds: false,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
  })
  // Of a thread that is between tasks: the task's own end tells all there is to tell.
  pool.on('error', () => {})
  return pool
}

const live = async (pool: Piscina<WorkerBirth, void>, birth: WorkerBirth): Promise<string | undefined> => {
  // Piscina takes the type from the wrong overload of postMessage.
  const transferList = [birth.port, ...birth.sockets] as never
  const error = await pool.run(birth, { transferList }).then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)),
  )
  await pool.destroy()
  return error
}
