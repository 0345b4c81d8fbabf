/**
 * A managed process: started with the server, restarted when it fails, stopped with the server.
 *
 *   stopped ─▶ blocked ─▶ delayed ─▶ launching ─▶ probing ─▶ ready ─▶ stopping ─▶ gone
 *                                        ▲  └──────────┴────────┴─▶ crashed (backoff, if it is to be restarted)
 *                                        └────────────────────────────┘
 *
 * One actor is one generation: a reload that changes a process retires its actor and makes another.
 * Only rules live here; src/supervisor/actors/managed-process.ts provides the actor.
 */
import { assign, fromCallback, fromPromise, sendTo, setup } from 'xstate'
import { backoffMs, type Failure, type LastExit, lastExitOf, type ProcessExit } from './backoff.ts'
import { notProvided } from './not-provided.ts'
import type { PublicState } from './public-state.ts'
import type { ProcessCommand } from './tenant-facts.ts'

/** What may change while it runs. */
export type ProcessTuning = {
  /** Between SIGTERM and SIGKILL, in ms. */
  readonly stopTimeoutMs: number
  /** Whether it is started again after an exit other than 0. */
  readonly isRestarted: boolean
  /** After so many failures in a row, and one more, it is not. */
  readonly restartLimit: number
}

export type ProcessInput = ProcessTuning & {
  /** Unique among all generations of all processes. */
  readonly id: string
  /** From the order to start until it is started for the first time, in ms. */
  readonly startDelayMs: number
  /** Whether others have to be ready before it is started for the first time. */
  readonly isDependent: boolean
  /** Whether it has to be asked before it counts as ready, and how long. */
  readonly isProbed: boolean
  readonly readyTimeoutMs: number
}

export type ProcessEvent =
  | { type: 'process.start' }
  | { type: 'process.stop' }
  /** Changed by a reload that leaves the process alone. */
  | ({ type: 'process.retuned' } & ProcessTuning)
  | { type: 'process.started'; running: { readonly pid: number } }
  /** Exactly once for each start, also for one that failed. */
  | { type: 'process.exited'; exit: ProcessExit }

export type ProcessContext = ProcessInput & {
  readonly pid: number | undefined
  /** Failures in a row, until it has run for a while. */
  readonly failures: number
  readonly crashes: number
  readonly lastExit: LastExit | undefined
  readonly lastTail: readonly string[]
  readonly failure: Failure | undefined
  readonly backoffMs: number
}

const crashOf = (context: ProcessContext, exit: ProcessExit, why?: string): Partial<ProcessContext> => {
  const failures = context.failures + 1
  const waitMs = backoffMs(failures, exit.chance)
  const reason = why ?? exit.startError ?? `it exited with ${exit.signal ?? `code ${exit.code}`}`
  return { crashes: context.crashes + 1, failures, backoffMs: waitMs, failure: { reason, retryAt: exit.at + waitMs } }
}

/** Whether it would be started again now. */
export const isRestarted = (context: Pick<ProcessContext, 'isRestarted' | 'failures' | 'restartLimit'>): boolean =>
  context.isRestarted && context.failures <= context.restartLimit

const processSetup = setup({
  types: {
    input: {} as ProcessInput,
    context: {} as ProcessContext,
    events: {} as ProcessEvent,
    tags: {} as PublicState,
  },
  actors: {
    process: fromCallback<ProcessCommand, { id: string }>(notProvided('process', 'process')),
    /** Ends when those it depends on are ready. */
    dependencies: fromPromise<void, { id: string }>(notProvided('process', 'dependencies')),
    /** Ends when it is ready itself. */
    awaitReady: fromPromise<void, { id: string }>(notProvided('process', 'awaitReady')),
  },
  delays: {
    startDelay: ({ context }) => context.startDelayMs,
    readyTimeout: ({ context }) => context.readyTimeoutMs,
    stopTimeout: ({ context }) => context.stopTimeoutMs,
    backoff: ({ context }) => context.backoffMs,
    /** Past it, earlier failures are forgotten. */
    stability: 30_000,
  },
  guards: {
    isRestarted: ({ context }) => isRestarted(context),
    isDependent: ({ context }) => context.isDependent,
    isProbed: ({ context }) => context.isProbed,
    isClean: (_, exit: ProcessExit) => exit.code === 0,
  },
  actions: {
    noteRunning: assign((_, running: { pid: number }) => ({ pid: running.pid, failure: undefined })),
    noteExit: assign((_, exit: ProcessExit) => ({ pid: undefined, lastExit: lastExitOf(exit), lastTail: exit.tail })),
    countCrash: assign(({ context }, exit: ProcessExit) => crashOf(context, exit)),
    countUnready: assign(({ context }, exit: ProcessExit) => crashOf(context, exit, 'it was not ready in time')),
    noteStable: assign({ failures: 0 }),
    retune: assign((_, { stopTimeoutMs, isRestarted, restartLimit }: ProcessTuning) => ({ stopTimeoutMs, isRestarted, restartLimit })),
    noteBug: assign({ pid: undefined, backoffMs: 1_000, failure: { reason: 'of an internal error', retryAt: 0 } }),
    terminate: sendTo('process', { type: 'process.terminate' }),
    kill: sendTo('process', { type: 'process.kill' }),
  },
})

export const processMachine = processSetup.createMachine({
  id: 'process',
  context: ({ input }) => ({
    ...input,
    pid: undefined,
    failures: 0,
    crashes: 0,
    lastExit: undefined,
    lastTail: [],
    failure: undefined,
    backoffMs: 0,
  }),
  on: { 'process.retuned': { actions: { type: 'retune', params: ({ event }) => event } } },
  initial: 'stopped',
  states: {
    // Not yet started, or ended by itself with code 0: a process that has done its work is left alone.
    stopped: {
      tags: 'stopped',
      on: { 'process.start': [{ guard: 'isDependent', target: 'blocked' }, { target: 'delayed' }], 'process.stop': 'gone' },
    },
    blocked: {
      tags: 'starting',
      invoke: {
        id: 'dependencies',
        src: 'dependencies',
        input: ({ context }) => ({ id: context.id }),
        onDone: 'delayed',
        onError: { target: 'crashed', actions: 'noteBug' },
      },
      on: { 'process.stop': 'gone' },
    },
    delayed: {
      tags: 'starting',
      after: { startDelay: 'running' },
      on: { 'process.stop': 'gone' },
    },

    // The process lives exactly as long as this state: leaving it runs the actor's cleanup.
    running: {
      invoke: {
        id: 'process',
        src: 'process',
        input: ({ context }) => ({ id: context.id }),
        onError: { target: 'crashed', actions: 'noteBug' },
      },
      on: {
        'process.exited': [
          {
            guard: { type: 'isClean', params: ({ event }) => event.exit },
            target: 'stopped',
            actions: { type: 'noteExit', params: ({ event }) => event.exit },
          },
          {
            target: 'crashed',
            actions: [
              { type: 'noteExit', params: ({ event }) => event.exit },
              { type: 'countCrash', params: ({ event }) => event.exit },
            ],
          },
        ],
      },
      initial: 'launching',
      states: {
        launching: {
          tags: 'starting',
          on: {
            'process.started': [
              { guard: 'isProbed', target: 'probing', actions: { type: 'noteRunning', params: ({ event }) => event.running } },
              { target: 'ready', actions: { type: 'noteRunning', params: ({ event }) => event.running } },
            ],
            'process.stop': 'stopping',
          },
        },
        probing: {
          tags: 'starting',
          invoke: {
            id: 'awaitReady',
            src: 'awaitReady',
            input: ({ context }) => ({ id: context.id }),
            onDone: 'ready',
            onError: 'failing',
          },
          after: { readyTimeout: 'failing' },
          on: { 'process.stop': 'stopping' },
        },
        // Not ready in time. Whatever it says at its end, it has failed.
        failing: {
          tags: 'stopping',
          entry: 'terminate',
          after: { stopTimeout: { actions: 'kill' } },
          on: {
            'process.stop': 'stopping',
            'process.exited': {
              target: '#process.crashed',
              actions: [
                { type: 'noteExit', params: ({ event }) => event.exit },
                { type: 'countUnready', params: ({ event }) => event.exit },
              ],
            },
          },
        },
        ready: {
          tags: 'ready',
          after: { stability: { actions: 'noteStable' } },
          on: { 'process.stop': 'stopping' },
        },
        stopping: {
          tags: 'stopping',
          on: { 'process.exited': { target: '#process.gone', actions: { type: 'noteExit', params: ({ event }) => event.exit } } },
          initial: 'terminating',
          states: {
            terminating: { entry: 'terminate', after: { stopTimeout: 'killing' } },
            killing: { entry: 'kill' },
          },
        },
      },
    },

    // A stop that comes during the backoff ends it: nothing is left that could start the process again.
    crashed: {
      tags: 'crashed',
      after: { backoff: { guard: 'isRestarted', target: 'running' } },
      on: { 'process.stop': 'gone', 'process.start': 'running' },
    },
    gone: { tags: 'stopped', type: 'final' },
  },
})

/** With its actor provided or not. */
export type ProcessMachine = typeof processMachine
