/** What the tenant machine is made of: its actors, delays, guards and actions, by name. */
import { assign, fromCallback, fromPromise, sendTo, setup } from 'xstate'
import { backoffMs, lastExitOf, type ProcessExit } from './backoff.ts'
import { notProvided } from './not-provided.ts'
import type { PublicState } from './public-state.ts'
import {
  fresh,
  type HooksInput,
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

export const tenantSetup = setup({
  types: {
    input: {} as TenantInput,
    context: {} as TenantContext,
    events: {} as TenantEvent,
    tags: {} as PublicState,
  },
  actors: {
    pool: fromCallback<PoolCommand, { id: string }>(notProvided('tenant', 'pool')),
    process: fromCallback<ProcessCommand, { id: string }>(notProvided('tenant', 'process')),
    /** Those of `start` when its process runs, those of `stop` before it is ended. A failure is theirs to tell: they only end. */
    hooks: fromPromise<void, HooksInput>(notProvided('tenant', 'hooks')),
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
