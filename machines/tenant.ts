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
import { asleep } from './tenant-facts.ts'
import { tenantSetup } from './tenant-setup.ts'

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
              on: { 'process.started': { target: 'preparing', actions: { type: 'noteRunning', params: ({ event }) => event.running } } },
            },
            // Its start hooks, while it boots.
            preparing: {
              invoke: {
                id: 'startHooks',
                src: 'hooks',
                input: ({ context }) => ({ id: context.id, moment: 'start', running: context.running }),
                onDone: 'probing',
                onError: 'probing',
              },
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
                onDone: 'concluding',
                onError: 'terminating',
              },
              // An idle stop cuts nothing off: it gives way to whoever still wants the tenant.
              after: { drainTimeout: [{ guard: 'isIdleStop', target: '#tenant.running.serving' }, { target: 'concluding' }] },
              on: { 'tenant.requested': [{ guard: 'isIdleStop', target: '#tenant.running.serving' }, { actions: 'noteWanted' }] },
            },
            // Its stop hooks. An idle stop still gives way; then what the hooks undid is done again.
            concluding: {
              invoke: {
                id: 'stopHooks',
                src: 'hooks',
                input: ({ context }) => ({ id: context.id, moment: 'stop', running: context.running }),
                onDone: 'terminating',
                onError: 'terminating',
              },
              on: {
                'tenant.requested': [{ guard: 'isIdleStop', target: '#tenant.running.starting.preparing' }, { actions: 'noteWanted' }],
              },
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
