import { type Actor, createActor, type SnapshotFrom, toPromise, waitFor } from 'xstate'
import { publicStateOf } from '../../machines/public-state.ts'
import type { WorkerMachine } from '../../machines/worker.ts'
import { NavigatorError } from '../errors.ts'
import type { Recorder } from '../inspect/recorder.ts'
import type { Logger } from '../log/logger.ts'
import type { SupervisorMessage } from '../protocol/messages.ts'
import type { PublicState } from '../protocol/routing-snapshot.ts'
import { liveWorkerMachine } from './actors/worker.ts'
import type { Listeners } from './listeners.ts'
import type { WorkerThread } from './worker-pool.ts'

/** The worker threads, each in its slot. Supervisor thread. */
export type Workers = {
  /**
   * Resolves when all of them listen.
   * @throws NAV_PROCESS_EXITED when one cannot.
   */
  startAll(): Promise<void>
  /** To those that live; one born later gets the routing of its birth. */
  tell(message: SupervisorMessage): void
  /** To this one only, if it lives. */
  answer(worker: number, message: SupervisorMessage): void
  /** Listen there, and nowhere else. */
  moveTo(listeners: Listeners): void
  listening(worker: number): void
  /** Resolves when none carries traffic any more: their requests have `graceMs`. */
  drainAll(graceMs: number): Promise<void>
  all(): readonly WorkerRow[]
}

/** One slot as it is now. */
export type WorkerRow = {
  readonly worker: number
  readonly state: PublicState
  readonly since: number
  readonly snapshot: SnapshotFrom<WorkerMachine>
}

/** What they are made from. */
export type WorkersSpec = {
  readonly count: number
  readonly log: Logger
  readonly recorder: Recorder
  open(worker: number): WorkerThread
}

export const createWorkers = ({ count, log, recorder, open }: WorkersSpec): Workers => {
  const threads = new Map<number, WorkerThread>()
  const machine = liveWorkerMachine((worker) => {
    const thread = open(worker)
    threads.set(worker, thread)
    void thread.ended.then(() => threads.delete(worker))
    return thread
  })
  const slots = Array.from({ length: count }, (_, worker) => createSlot(machine, worker, { log, recorder }))

  return {
    async startAll() {
      for (const { actor } of slots) actor.start()
      await Promise.all(slots.map(({ actor }) => listens(actor)))
    },
    tell(message) {
      for (const thread of threads.values()) thread.tell(message)
    },
    answer: (worker, message) => threads.get(worker)?.tell(message),
    moveTo(listeners) {
      for (const thread of threads.values()) {
        const socket = listeners.bind()
        // Piscina's and Node's types do not know yet that a bound socket can be transferred.
        thread.tell({ type: 'listener.replaced', sockets: [socket] }, [socket as never])
      }
    },
    listening: (worker) => slots[worker]!.actor.send({ type: 'worker.listening' }),
    async drainAll(graceMs) {
      const live = slots.filter(({ snapshot, state }) => snapshot.status === 'active' && state !== 'stopped')
      for (const { actor } of live) actor.send({ type: 'worker.drain', graceMs })
      await Promise.all(live.map(({ actor }) => toPromise(actor)))
    },
    all: () => slots,
  }
}

type Slot = WorkerRow & { readonly actor: Actor<WorkerMachine> }

const createSlot = (machine: WorkerMachine, worker: number, { log, recorder }: Pick<WorkersSpec, 'log' | 'recorder'>): Slot => {
  const actor = createActor(machine, { input: { worker }, inspect: recorder.observe({ kind: 'worker', name: String(worker) }) })
  let state: PublicState = 'stopped'
  let since = Date.now()
  actor.subscribe({
    next(snapshot) {
      const next = publicStateOf(snapshot)
      if (next === state) return
      state = next
      since = Date.now()
      logWorker(log, worker, snapshot)
    },
    error: (error) => log.error({ worker, err: error }, 'worker machine failed'),
  })
  return {
    worker,
    actor,
    get state() {
      return state
    },
    get since() {
      return since
    },
    get snapshot() {
      return actor.getSnapshot()
    },
  }
}

const listens = async (actor: Actor<WorkerMachine>): Promise<void> => {
  const snapshot = await waitFor(actor, (now) => !now.hasTag('starting'))
  if (snapshot.hasTag('ready')) return
  const { failure, worker } = snapshot.context
  throw new NavigatorError('NAV_PROCESS_EXITED', `worker thread ${worker} did not start: ${failure?.reason ?? 'it was told to end'}`)
}

const logWorker = (log: Logger, worker: number, snapshot: SnapshotFrom<WorkerMachine>): void => {
  const { failure, failures, backoffMs } = snapshot.context
  switch (publicStateOf(snapshot)) {
    case 'ready':
      log.debug({ worker }, 'worker listening')
      break
    case 'stopping':
      log.debug({ worker }, 'draining worker')
      break
    case 'crashed':
      log.error({ worker, reason: failure?.reason, failures, retryInMs: backoffMs }, 'worker crashed')
      break
  }
}
