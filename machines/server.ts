/**
 * The supervisor's own life.
 *
 *   starting ─▶ serving ⇄ reloading
 *      └───────────┴─────────┴─▶ draining ─▶ stopping ─▶ stopped
 *
 * A reload asked for during a reload follows it; more of them are one. A stop is taken at any time.
 * Only rules live here; src/supervisor/supervisor.ts provides the actors.
 */
import { assign, emit, fromPromise, setup } from 'xstate'
import { notProvided } from './not-provided.ts'

export type ServerEvent = { type: 'server.reload' } | { type: 'server.stop'; reason: string }

/** What a reload came to is `report`'s business, not the machine's. */
export type ServerEmitted =
  | { type: 'reload.finished'; number: number; report: unknown }
  | { type: 'reload.failed'; number: number; error: unknown }

export type ServerContext = {
  /** How many reloads have begun; the number of the last one. */
  readonly reloads: number
  readonly isReloadPending: boolean
  readonly stopReason: string | undefined
  /** Why it could not start. */
  readonly error: unknown
}

const serverSetup = setup({
  types: {
    context: {} as ServerContext,
    events: {} as ServerEvent,
    emitted: {} as ServerEmitted,
  },
  actors: {
    start: fromPromise<void>(notProvided('server', 'start')),
    /** Rejects with the list of errors when the file is refused; then nothing has changed. */
    reload: fromPromise<unknown>(notProvided('server', 'reload')),
    /** Ends when no worker carries traffic any more. */
    drain: fromPromise<void>(notProvided('server', 'drain')),
    /** Ends when no process is left. */
    stop: fromPromise<void>(notProvided('server', 'stop')),
  },
  guards: { isReloadPending: ({ context }) => context.isReloadPending },
  actions: {
    countReload: assign(({ context }) => ({ reloads: context.reloads + 1, isReloadPending: false })),
    notePending: assign({ isReloadPending: true }),
    noteStop: assign((_, stopReason: string) => ({ stopReason })),
    noteError: assign((_, { error }: { error: unknown }) => ({ error })),
    tellReport: emit(({ context }, { report }: { report: unknown }) => ({
      type: 'reload.finished' as const,
      number: context.reloads,
      report,
    })),
    tellRefusal: emit(({ context }, { error }: { error: unknown }) => ({ type: 'reload.failed' as const, number: context.reloads, error })),
  },
})

export const serverMachine = serverSetup.createMachine({
  id: 'server',
  context: { reloads: 0, isReloadPending: false, stopReason: undefined, error: undefined },
  initial: 'starting',
  states: {
    starting: {
      invoke: {
        id: 'start',
        src: 'start',
        onDone: 'serving',
        onError: { target: 'stopping', actions: { type: 'noteError', params: ({ event }) => ({ error: event.error }) } },
      },
      on: {
        'server.reload': { actions: 'notePending' },
        'server.stop': { target: 'draining', actions: { type: 'noteStop', params: ({ event }) => event.reason } },
      },
    },
    serving: {
      always: { guard: 'isReloadPending', target: 'reloading' },
      on: {
        'server.reload': 'reloading',
        'server.stop': { target: 'draining', actions: { type: 'noteStop', params: ({ event }) => event.reason } },
      },
    },
    reloading: {
      entry: 'countReload',
      invoke: {
        id: 'reload',
        src: 'reload',
        onDone: { target: 'serving', actions: { type: 'tellReport', params: ({ event }) => ({ report: event.output }) } },
        onError: { target: 'serving', actions: { type: 'tellRefusal', params: ({ event }) => ({ error: event.error }) } },
      },
      on: {
        'server.reload': { actions: 'notePending' },
        'server.stop': { target: 'draining', actions: { type: 'noteStop', params: ({ event }) => event.reason } },
      },
    },
    draining: {
      invoke: { id: 'drain', src: 'drain', onDone: 'stopping', onError: 'stopping' },
    },
    stopping: {
      invoke: { id: 'stop', src: 'stop', onDone: 'stopped', onError: 'stopped' },
    },
    stopped: { type: 'final' },
  },
})

/** With its actors provided or not. */
export type ServerMachine = typeof serverMachine
