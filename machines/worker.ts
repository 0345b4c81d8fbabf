/**
 * One slot of the worker threads: a thread that carries traffic, replaced when it dies.
 *
 *   starting ─▶ listening ─▶ draining ─▶ gone
 *      ▲  └────────┴─▶ crashed (backoff)
 *      └────────────────┘
 *
 * Only rules live here; src/supervisor/actors/worker.ts provides the actor.
 */
import { assign, fromCallback, sendTo, setup } from 'xstate'
import { backoffMs, type Failure } from './backoff.ts'
import { notProvided } from './not-provided.ts'
import type { PublicState } from './public-state.ts'

export type WorkerInput = {
  /** Its row in the counters, from 0. */
  readonly worker: number
}

export type WorkerEvent =
  | { type: 'worker.listening' }
  /** Accept nothing more and end when the last request has, at the latest after `graceMs`. */
  | { type: 'worker.drain'; graceMs: number }
  /** The thread is gone and what it held is given back. `error` is unset when it ended as asked. */
  | { type: 'thread.ended'; error?: string; at: number; chance: number }

/** `thread.cut` ends the thread without regard to what it does. */
export type ThreadCommand = { type: 'thread.drain'; graceMs: number } | { type: 'thread.cut' }

export type WorkerContext = WorkerInput & {
  readonly failures: number
  readonly crashes: number
  readonly failure: Failure | undefined
  readonly backoffMs: number
  readonly graceMs: number
}

type Ended = { readonly error?: string; readonly at: number; readonly chance: number }

const crashOf = (context: WorkerContext, { error, at, chance }: Ended): Partial<WorkerContext> => {
  const failures = context.failures + 1
  // The first crash in a while costs nobody a second.
  const waitMs = failures === 1 ? 0 : backoffMs(failures - 1, chance)
  const failure = { reason: error ?? 'it ended unasked', retryAt: at + waitMs }
  return { crashes: context.crashes + 1, failures, backoffMs: waitMs, failure }
}

const workerSetup = setup({
  types: {
    input: {} as WorkerInput,
    context: {} as WorkerContext,
    events: {} as WorkerEvent,
    tags: {} as PublicState,
  },
  actors: { thread: fromCallback<ThreadCommand, WorkerInput>(notProvided('worker', 'thread')) },
  delays: {
    backoff: ({ context }) => context.backoffMs,
    /** The worker cuts its requests after graceMs; one that has not ended a while later is stuck. */
    drainTimeout: ({ context }) => context.graceMs + 2_000,
    stability: 30_000,
  },
  actions: {
    noteListening: assign({ failure: undefined }),
    noteStable: assign({ failures: 0 }),
    countCrash: assign(({ context }, ended: Ended) => crashOf(context, ended)),
    noteBug: assign({ backoffMs: 1_000, failure: { reason: 'of an internal error', retryAt: 0 } }),
    noteGrace: assign((_, graceMs: number) => ({ graceMs })),
    drain: sendTo('thread', ({ context }) => ({ type: 'thread.drain', graceMs: context.graceMs })),
    cut: sendTo('thread', { type: 'thread.cut' }),
  },
})

export const workerMachine = workerSetup.createMachine({
  id: 'worker',
  context: ({ input }) => ({ ...input, failures: 0, crashes: 0, failure: undefined, backoffMs: 0, graceMs: 0 }),
  initial: 'running',
  states: {
    // The thread lives exactly as long as this state.
    running: {
      invoke: {
        id: 'thread',
        src: 'thread',
        input: ({ context }) => ({ worker: context.worker }),
        onError: { target: 'crashed', actions: 'noteBug' },
      },
      on: { 'thread.ended': { target: 'crashed', actions: { type: 'countCrash', params: ({ event }) => event } } },
      initial: 'starting',
      states: {
        starting: {
          tags: 'starting',
          on: {
            'worker.listening': { target: 'listening', actions: 'noteListening' },
            'worker.drain': { target: 'draining', actions: { type: 'noteGrace', params: ({ event }) => event.graceMs } },
          },
        },
        listening: {
          tags: 'ready',
          after: { stability: { actions: 'noteStable' } },
          on: { 'worker.drain': { target: 'draining', actions: { type: 'noteGrace', params: ({ event }) => event.graceMs } } },
        },
        draining: {
          tags: 'stopping',
          entry: 'drain',
          after: { drainTimeout: 'cutting' },
          on: { 'thread.ended': '#worker.gone' },
        },
        cutting: { tags: 'stopping', entry: 'cut', on: { 'thread.ended': '#worker.gone' } },
      },
    },
    crashed: { tags: 'crashed', after: { backoff: 'running' }, on: { 'worker.drain': 'gone' } },
    gone: { tags: 'stopped', type: 'final' },
  },
})

/** With its actor provided or not. */
export type WorkerMachine = typeof workerMachine
