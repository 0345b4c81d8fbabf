/**
 * The supervisor's own life.
 *
 *   starting ─▶ up: serving ⇄ reloading
 *      └─────────────┴─────────┴─▶ draining ─▶ stopping ─▶ stopped
 *
 * A reload asked for during a reload follows it; more of them are one, and the last file named is taken. A stop is taken at any time.
 * Ready hooks run beside all of `up`: after the start, and once more after each reload.
 * Only rules live here; src/supervisor/supervisor.ts provides the actors.
 */
import { assign, emit, fromCallback, fromPromise, sendTo, setup } from 'xstate'
import { notProvided } from './not-provided.ts'

/** `file` is the configuration to take up from now on; without it, the one in use is read anew. */
export type ServerEvent = { type: 'server.reload'; file?: string } | { type: 'server.stop'; reason: string }

/** What a reload came to is `report`'s business, not the machine's. */
export type ServerEmitted =
  | { type: 'reload.finished'; number: number; report: unknown }
  | { type: 'reload.failed'; number: number; error: unknown }

/** What to do after the start or a reload. Only at the start may a ready hook ask for another configuration. */
export type ReadyCommand = { type: 'ready.run'; mayReload: boolean }

export type ServerContext = {
  /** How many reloads have begun; the number of the last one. */
  readonly reloads: number
  readonly isReloadPending: boolean
  /** Named by the reloads that are pending. */
  readonly wantedFile: string | undefined
  /** Named by the reload under way, or the last one. */
  readonly file: string | undefined
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
    /** Rejects when the server cannot start; a stop aborts it. */
    start: fromPromise<void>(notProvided('server', 'start')),
    /** Runs ready hooks when told to, one list at a time. */
    ready: fromCallback<ReadyCommand>(notProvided('server', 'ready')),
    /** Rejects with the list of errors when the file is refused; then nothing has changed. */
    reload: fromPromise<unknown, { file: string | undefined }>(notProvided('server', 'reload')),
    /** Ends when no worker carries traffic any more. */
    drain: fromPromise<void>(notProvided('server', 'drain')),
    /** Ends when no process is left. */
    stop: fromPromise<void>(notProvided('server', 'stop')),
  },
  guards: { isReloadPending: ({ context }) => context.isReloadPending },
  actions: {
    countReload: assign(({ context }) => ({
      reloads: context.reloads + 1,
      isReloadPending: false,
      file: context.wantedFile,
      wantedFile: undefined,
    })),
    notePending: assign(({ context }, file: string | undefined) => ({ isReloadPending: true, wantedFile: file ?? context.wantedFile })),
    runReady: sendTo('ready', (_, mayReload: boolean) => ({ type: 'ready.run' as const, mayReload })),
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
  context: { reloads: 0, isReloadPending: false, wantedFile: undefined, file: undefined, stopReason: undefined, error: undefined },
  initial: 'starting',
  states: {
    starting: {
      invoke: {
        id: 'start',
        src: 'start',
        onDone: 'up',
        onError: { target: 'stopping', actions: { type: 'noteError', params: ({ event }) => ({ error: event.error }) } },
      },
      on: {
        'server.reload': { actions: { type: 'notePending', params: ({ event }) => event.file } },
        'server.stop': { target: 'draining', actions: { type: 'noteStop', params: ({ event }) => event.reason } },
      },
    },
    up: {
      invoke: {
        id: 'ready',
        src: 'ready',
        onError: { actions: { type: 'noteError', params: ({ event }) => ({ error: event.error }) } },
      },
      on: {
        'server.reload': { actions: { type: 'notePending', params: ({ event }) => event.file } },
        'server.stop': { target: 'draining', actions: { type: 'noteStop', params: ({ event }) => event.reason } },
      },
      initial: 'begun',
      states: {
        begun: { always: { target: 'serving', actions: { type: 'runReady', params: true } } },
        serving: { always: { guard: 'isReloadPending', target: 'reloading' } },
        reloading: {
          entry: 'countReload',
          invoke: {
            id: 'reload',
            src: 'reload',
            input: ({ context }) => ({ file: context.file }),
            onDone: {
              target: 'serving',
              actions: [
                { type: 'tellReport', params: ({ event }) => ({ report: event.output }) },
                { type: 'runReady', params: false },
              ],
            },
            onError: { target: 'serving', actions: { type: 'tellRefusal', params: ({ event }) => ({ error: event.error }) } },
          },
        },
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
