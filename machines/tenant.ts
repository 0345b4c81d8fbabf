/**
 * A tenant app: started by the first request, stopped after a quiet spell.
 *
 *   stopped ─▶ waiting ─▶ starting ─▶ serving: ready ⇄ idle ─▶ stopping ─▶ stopped (─▶ gone)
 *                           │   ▲─────────┘ refused    ▲───────────┘ called off by a request
 *                           └─▶ failing ─▶ crashed ─▶ stopped
 *
 * One actor is one generation: a reload that changes a tenant makes a second actor and retires the first.
 * Only rules live here; src/supervisor/actors/tenant.ts provides the actors.
 */
import { assign, fromCallback, fromPromise, sendTo, setup } from 'xstate'
import { backoffMs, lastExitOf, type ProcessExit } from './backoff.ts'
import { notProvided } from './not-provided.ts'
import type { PublicState } from './public-state.ts'
import {
  asleep,
  fresh,
  type PoolCommand,
  type ProcessCommand,
  publicReasonOf,
  type Running,
  type StopReason,
  type TenantContext,
  type TenantEvent,
  type TenantInput,
  type TenantTimes,
} from './tenant-facts.ts'

const tenantSetup = setup({
  types: {
    input: {} as TenantInput,
    context: {} as TenantContext,
    events: {} as TenantEvent,
    tags: {} as PublicState,
  },
  actors: {
    pool: fromCallback<PoolCommand, { id: string }>(notProvided('tenant', 'pool')),
    process: fromCallback<ProcessCommand, { id: string }>(notProvided('tenant', 'process')),
    awaitReady: fromPromise<void, { id: string; running: Running | undefined }>(notProvided('tenant', 'awaitReady')),
    /** Open as long as the actor lives. */
    gate: fromCallback<{ type: 'none' }, { running: Running | undefined; ticket: number | undefined }>(notProvided('tenant', 'gate')),
    /** Ends when nothing is in flight. */
    drain: fromPromise<void, { running: Running | undefined }>(notProvided('tenant', 'drain')),
  },
  delays: {
    readyTimeout: ({ context }) => context.readyTimeoutMs,
    idleTimeout: ({ context }) => context.idleTimeoutMs,
    drainTimeout: ({ context }) => context.drainTimeoutMs,
    stopTimeout: ({ context }) => context.stopTimeoutMs,
    backoff: ({ context }) => context.backoffMs,
    /** Past it, a crash is no longer held against the start. */
    stability: 30_000,
    /** A start that takes longer is waiting for something, not using the machine: others may start beside it. */
    permitTime: 5_000,
  },
  guards: {
    isRetired: ({ context }) => context.stopReason === 'reload' || context.stopReason === 'shutdown',
    isWantedAgain: ({ context }) => context.isWantedAgain,
    isIdleStop: ({ context }) => context.stopReason === 'idle',
    /** A crash after a stable time, or the first one of a process that had served: no reason to keep people waiting. */
    isForgivable: ({ context }) => context.isStable || (context.hasServed && context.failures === 0),
    isCurrent: ({ context }, ticket: number) => context.ticket === ticket,
  },
  actions: {
    forgetLastRun: assign(fresh),
    askForPlace: sendTo('pool', ({ context }) => ({ type: 'place.asked', isReplacement: context.isReplacement })),
    endStart: sendTo('pool', { type: 'start.over' }),
    leavePlace: sendTo('pool', { type: 'place.left' }),
    terminate: sendTo('process', { type: 'process.terminate' }),
    kill: sendTo('process', { type: 'process.kill' }),
    noteRunning: assign((_, running: Running) => ({ running })),
    noteTicket: assign((_, ticket: number) => ({ ticket, hasServed: true, stopReason: undefined })),
    noteStable: assign({ isStable: true, failures: 0 }),
    noteStop: assign((_, stopReason: StopReason) => ({ stopReason, isWantedAgain: false })),
    noteWanted: assign({ isWantedAgain: true }),
    retune: assign((_, times: TenantTimes) => times),
    noteExit: assign((_, exit: ProcessExit) => ({ lastExit: lastExitOf(exit), running: undefined, ticket: undefined })),
    countCrash: assign(({ context }, exit: ProcessExit) => ({
      crashes: context.crashes + 1,
      failures: context.isStable ? 0 : context.failures + 1,
      lastTail: exit.startError === undefined ? exit.tail : [exit.startError],
    })),
    backOff: assign(({ context }, exit: ProcessExit) => {
      const waitMs = backoffMs(context.failures, exit.chance)
      return { backoffMs: waitMs, failure: { reason: publicReasonOf(exit, context.hasServed), retryAt: exit.at + waitMs } }
    }),
    /** An actor that throws is a bug of ours; the shortest backoff keeps it from spinning. */
    noteBug: assign({ running: undefined, ticket: undefined, backoffMs: 1_000, failure: { reason: 'of an internal error', retryAt: 0 } }),
  },
})

export const tenantMachine = tenantSetup.createMachine({
  id: 'tenant',
  context: ({ input }) => asleep(input),
  invoke: { id: 'pool', src: 'pool', input: ({ context }) => ({ id: context.id }), onError: { target: '.crashed', actions: 'noteBug' } },
  on: { 'tenant.retuned': { actions: { type: 'retune', params: ({ event }) => event.times } } },
  initial: 'stopped',
  states: {
    stopped: {
      tags: 'stopped',
      always: [
        { guard: 'isRetired', target: 'gone' },
        { guard: 'isWantedAgain', target: 'waiting' },
      ],
      on: {
        'tenant.requested': 'waiting',
        'tenant.stop': { actions: { type: 'noteStop', params: ({ event }) => event.reason } },
      },
    },

    // Past max_size, or behind other starts.
    waiting: {
      tags: 'starting',
      entry: ['forgetLastRun', 'askForPlace'],
      on: {
        'start.granted': 'running',
        'tenant.stop': { target: 'stopped', actions: [{ type: 'noteStop', params: ({ event }) => event.reason }, 'leavePlace'] },
      },
    },

    // The process lives exactly as long as this state: leaving it runs the actor's cleanup.
    running: {
      invoke: {
        id: 'process',
        src: 'process',
        input: ({ context }) => ({ id: context.id }),
        onError: { target: 'crashed', actions: 'noteBug' },
      },
      exit: 'leavePlace',
      on: {
        'process.exited': [
          {
            guard: 'isForgivable',
            target: 'stopped',
            actions: [
              { type: 'noteExit', params: ({ event }) => event.exit },
              { type: 'countCrash', params: ({ event }) => event.exit },
            ],
          },
          {
            target: 'crashed',
            actions: [
              { type: 'noteExit', params: ({ event }) => event.exit },
              { type: 'countCrash', params: ({ event }) => event.exit },
              { type: 'backOff', params: ({ event }) => event.exit },
            ],
          },
        ],
      },
      initial: 'starting',
      states: {
        starting: {
          tags: 'starting',
          exit: 'endStart',
          after: { readyTimeout: 'failing', permitTime: { actions: 'endStart' } },
          on: { 'tenant.stop': { target: 'stopping', actions: { type: 'noteStop', params: ({ event }) => event.reason } } },
          initial: 'launching',
          states: {
            launching: {
              on: { 'process.started': { target: 'probing', actions: { type: 'noteRunning', params: ({ event }) => event.running } } },
            },
            probing: {
              invoke: {
                id: 'readiness',
                src: 'awaitReady',
                input: ({ context }) => ({ id: context.id, running: context.running }),
                onDone: '#tenant.running.serving',
                onError: '#tenant.running.failing',
              },
            },
          },
        },

        // The gate is open exactly as long as this state lasts.
        serving: {
          invoke: {
            id: 'gate',
            src: 'gate',
            input: ({ context }) => ({ running: context.running, ticket: context.ticket }),
            onError: 'failing',
          },
          after: { stability: { actions: 'noteStable' } },
          on: {
            'gate.opened': { target: '.ready', actions: { type: 'noteTicket', params: ({ event }) => event.ticket } },
            'tenant.refused': { guard: { type: 'isCurrent', params: ({ event }) => event.ticket }, target: 'starting.probing' },
            'tenant.stop': { target: 'stopping', actions: { type: 'noteStop', params: ({ event }) => event.reason } },
          },
          initial: 'opening',
          states: {
            opening: { tags: 'starting' },
            ready: { tags: 'ready', on: { 'traffic.quiet': 'idle' } },
            idle: {
              tags: 'idle',
              on: { 'traffic.seen': 'ready', 'tenant.requested': 'ready' },
              after: {
                idleTimeout: { target: '#tenant.running.stopping', actions: { type: 'noteStop', params: 'idle' as const } },
              },
            },
          },
        },

        // Not ready in time. Ends in `crashed`, so that the next try waits.
        failing: {
          tags: 'stopping',
          entry: 'terminate',
          after: { stopTimeout: { actions: 'kill' } },
          on: { 'tenant.stop': { target: 'stopping.terminating', actions: { type: 'noteStop', params: ({ event }) => event.reason } } },
        },

        stopping: {
          tags: 'stopping',
          on: {
            'process.exited': { target: '#tenant.stopped', actions: { type: 'noteExit', params: ({ event }) => event.exit } },
            'tenant.requested': { actions: 'noteWanted' },
            'tenant.stop': { actions: { type: 'noteStop', params: ({ event }) => event.reason } },
          },
          initial: 'draining',
          states: {
            draining: {
              invoke: {
                id: 'drain',
                src: 'drain',
                input: ({ context }) => ({ running: context.running }),
                onDone: 'terminating',
                onError: 'terminating',
              },
              // An idle stop cuts nothing off: it gives way to whoever still wants the tenant.
              after: { drainTimeout: [{ guard: 'isIdleStop', target: '#tenant.running.serving' }, { target: 'terminating' }] },
              on: { 'tenant.requested': [{ guard: 'isIdleStop', target: '#tenant.running.serving' }, { actions: 'noteWanted' }] },
            },
            terminating: { entry: 'terminate', after: { stopTimeout: 'killing' } },
            killing: { entry: 'kill' },
          },
        },
      },
    },

    crashed: {
      tags: 'crashed',
      after: { backoff: 'stopped' },
      on: { 'tenant.stop': { target: 'stopped', actions: { type: 'noteStop', params: ({ event }) => event.reason } } },
    },

    // Retired by a reload or the shutdown. Nothing starts it again.
    gone: { tags: 'stopped', type: 'final' },
  },
})

/** With its actors provided or not. */
export type TenantMachine = typeof tenantMachine
