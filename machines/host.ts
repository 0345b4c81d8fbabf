/**
 * The machine we run on: suspended or stopped after a quiet spell.
 *
 *   off ⇄ active ⇄ resting ─▶ preparing ─▶ held: checking ─▶ acting ─▶ asleep ─▶ resuming
 *            ▲────────────────────┴─────────────────┴──────────┘ (no)                │
 *            ▲───────────────────────────────────────────────────────────────────────┘
 *
 * `held`: no request begins as long as it lasts. Idle hooks run before it, so that a request may still call the sleep off; the look
 * at the counts after the gate has closed is what makes sure that none is lost.
 * Only rules live here; src/supervisor/actors/host.ts provides the actors.
 */
import { assign, fromCallback, fromPromise, sendTo, setup } from 'xstate'
import { notProvided } from './not-provided.ts'

/** What may change with a reload. Without an action the machine is left alone. */
export type HostTuning = { readonly action: 'suspend' | 'stop' | undefined; readonly idleTimeoutMs: number }

export type HostEvent =
  /** Nothing is under way, and nothing has been since the last look. */
  | { type: 'host.quiet' }
  | { type: 'host.busy' }
  /** A worker holds a request back. Repeated while that is so. */
  | { type: 'host.requested' }
  /** The clocks say that the machine was frozen. */
  | { type: 'host.woke' }
  | { type: 'host.retuned'; tuning: HostTuning }

export type HostContext = HostTuning & {
  readonly isQuiet: boolean
  /** Somebody is held back. */
  readonly isWanted: boolean
  /** It was told to sleep and has not been seen to wake: a request may have come before the freeze. */
  readonly isOwed: boolean
}

export type HostAction = { readonly action: HostTuning['action'] }
export type UpstreamsCommand = { type: 'upstreams.forget' }

const hostSetup = setup({
  types: { input: {} as HostTuning, context: {} as HostContext, events: {} as HostEvent },
  actors: {
    /** Drops connections from before a freeze. */
    upstreams: fromCallback<UpstreamsCommand>(notProvided('host', 'upstreams')),
    idleHooks: fromPromise<void>(notProvided('host', 'idleHooks')),
    /** Lets no request begin as long as the actor lives. */
    hold: fromCallback<{ type: 'none' }>(notProvided('host', 'hold')),
    /** Rejects when a request has begun since the last look. */
    check: fromPromise<void>(notProvided('host', 'check')),
    /** Asks for the sleep; rejects when it was refused. */
    act: fromPromise<void, HostAction>(notProvided('host', 'act')),
    resumeHooks: fromPromise<void>(notProvided('host', 'resumeHooks')),
  },
  delays: {
    idleTimeout: ({ context }) => context.idleTimeoutMs,
    /** The sleep was granted; past it nothing has come of it. */
    freezeTimeout: 60_000,
  },
  guards: {
    isOff: ({ context }) => context.action === undefined,
    isOn: ({ context }) => context.action !== undefined,
    isQuiet: ({ context }) => context.isQuiet,
    isBusy: ({ context }) => !context.isQuiet,
    isWanted: ({ context }) => context.isWanted,
    isOwed: ({ context }) => context.isOwed,
  },
  actions: {
    noteQuiet: assign({ isQuiet: true }),
    noteBusy: assign({ isQuiet: false }),
    noteWanted: assign({ isWanted: true }),
    forgetWanted: assign({ isWanted: false }),
    noteOwed: assign({ isOwed: true }),
    forgetOwed: assign({ isOwed: false }),
    retune: assign((_, tuning: HostTuning) => tuning),
    forgetUpstreams: sendTo('upstreams', { type: 'upstreams.forget' }),
  },
})

export const hostMachine = hostSetup.createMachine({
  id: 'host',
  context: ({ input }) => ({ ...input, isQuiet: false, isWanted: false, isOwed: false }),
  invoke: { id: 'upstreams', src: 'upstreams', onError: { target: '.active' } },
  on: {
    'host.quiet': { actions: 'noteQuiet' },
    'host.busy': { actions: 'noteBusy' },
    'host.requested': { actions: 'noteWanted' },
    'host.retuned': { actions: { type: 'retune', params: ({ event }) => event.tuning } },
    'host.woke': [{ guard: 'isOwed', target: '.held.resuming', actions: 'forgetOwed' }, { actions: 'forgetUpstreams' }],
  },
  initial: 'off',
  states: {
    off: { always: { guard: 'isOn', target: 'active' } },

    active: {
      entry: 'forgetWanted',
      always: [
        { guard: 'isOff', target: 'off' },
        { guard: 'isQuiet', target: 'resting' },
      ],
    },

    resting: {
      always: [
        { guard: 'isOff', target: 'off' },
        { guard: 'isBusy', target: 'active' },
      ],
      after: { idleTimeout: 'preparing' },
      on: {
        'host.retuned': { target: 'resting', reenter: true, actions: { type: 'retune', params: ({ event }) => event.tuning } },
      },
    },

    // Requests go on: the first calls it off.
    preparing: {
      always: [
        { guard: 'isOff', target: 'off' },
        { guard: 'isBusy', target: 'active' },
      ],
      invoke: { id: 'idleHooks', src: 'idleHooks', onDone: 'held', onError: 'held' },
    },

    held: {
      invoke: { id: 'hold', src: 'hold', onError: 'active' },
      initial: 'checking',
      states: {
        checking: {
          invoke: { id: 'check', src: 'check', onDone: 'acting', onError: { target: '#host.active', actions: 'noteBusy' } },
        },
        acting: {
          invoke: {
            id: 'act',
            src: 'act',
            input: ({ context }) => ({ action: context.action }),
            onDone: { target: 'asleep', actions: 'noteOwed' },
            // Tried again after the next quiet spell, which begins now.
            onError: '#host.active',
          },
          on: { 'host.woke': { actions: 'forgetUpstreams' } },
        },
        asleep: {
          always: { guard: 'isWanted', target: 'resuming' },
          after: { freezeTimeout: 'resuming' },
          on: { 'host.woke': { target: 'resuming', actions: 'forgetOwed' } },
        },
        resuming: {
          entry: 'forgetUpstreams',
          invoke: { id: 'resumeHooks', src: 'resumeHooks', onDone: '#host.active', onError: '#host.active' },
          on: { 'host.woke': { actions: ['forgetOwed', 'forgetUpstreams'] } },
        },
      },
    },
  },
})

/** With its actors provided or not. */
export type HostMachine = typeof hostMachine
