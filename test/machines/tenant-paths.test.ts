// createTestModel() refuses machines with invoke or after, so the graph is walked directly, with the events XState itself would send.
import { describe, expect, test } from 'vitest'
import type { SnapshotFrom } from 'xstate'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'
import { publicStateOf } from '../../machines/public-state.ts'
import { tenantMachine } from '../../machines/tenant.ts'
import { exitOf, leafOf } from './life.ts'

type Snapshot = SnapshotFrom<typeof tenantMachine>

const input = { id: 'acme#1', isReplacement: false, readyTimeoutMs: 1, idleTimeoutMs: 1, drainTimeoutMs: 1, stopTimeoutMs: 1 }
const inner = (type: string) => ({ type })
const events = [
  { type: 'tenant.requested' },
  { type: 'tenant.refused', ticket: 1 },
  { type: 'tenant.stop', reason: 'operator' },
  { type: 'tenant.stop', reason: 'shutdown' },
  { type: 'traffic.seen' },
  { type: 'traffic.quiet' },
  { type: 'start.granted' },
  { type: 'process.started', running: { pid: 42, port: 4_000, slot: 7 } },
  { type: 'process.exited', exit: exitOf({ code: 1 }) },
  { type: 'gate.opened', ticket: 1 },
  inner('xstate.done.actor.startHooks'),
  inner('xstate.done.actor.stopHooks'),
  inner('xstate.done.actor.readiness'),
  inner('xstate.error.actor.readiness'),
  inner('xstate.done.actor.drain'),
  inner('xstate.error.actor.process'),
  inner('xstate.error.actor.pool'),
  inner('xstate.after.readyTimeout.tenant.running.starting'),
  inner('xstate.after.idleTimeout.tenant.running.serving.idle'),
  inner('xstate.after.stability.tenant.running.serving'),
  inner('xstate.after.drainTimeout.tenant.running.stopping.draining'),
  inner('xstate.after.stopTimeout.tenant.running.stopping.terminating'),
  inner('xstate.after.backoff.tenant.crashed'),
]
/** Two snapshots are one when the rules cannot tell them apart. */
const serializeState = ({ value, context }: Snapshot) => {
  const { ticket, isStable, isWantedAgain, hasServed, failures, stopReason } = context
  return JSON.stringify([value, ticket, isStable, isWantedAgain, hasServed, failures > 0, stopReason])
}
/** The pure transition function knows no end; actors do. */
const stopWhen = ({ status }: Snapshot) => status !== 'active'
const options = { input, events, serializeState, stopWhen } as never
/** The same without what is only remembered: simple paths through that would be without number. */
const coarse = {
  input,
  stopWhen,
  events: events.filter(({ type }) => !/^(traffic|tenant.refused|xstate.error)/.test(type)),
  serializeState: ({ value, context }: Snapshot) => JSON.stringify([value, context.stopReason === 'shutdown']),
} as never
const shortest = getShortestPaths(tenantMachine, options)
const snapshotOf = (path: { state: unknown }) => path.state as Snapshot

describe('every path through the tenant machine', () => {
  test('reaches every state', () => {
    const reached = new Set(shortest.map((path) => leafOf(snapshotOf(path).value)))
    const states = [
      'stopped',
      'waiting',
      'launching',
      'preparing',
      'probing',
      'opening',
      'ready',
      'idle',
      'failing',
      'draining',
      'concluding',
      'terminating',
      'killing',
      'crashed',
      'gone',
    ]
    expect(reached).toEqual(new Set(states))
  })

  test('has a public state everywhere', () => {
    for (const path of shortest) expect(publicStateOf(snapshotOf(path))).toMatch(/^(stopped|starting|ready|idle|stopping|crashed)$/)
  })

  test('has a process exactly while it is running, and a gate exactly while it is serving', () => {
    for (const path of shortest) {
      const snapshot = snapshotOf(path)
      expect('process' in snapshot.children, leafOf(snapshot.value)).toBe(snapshot.matches('running'))
      expect('gate' in snapshot.children, leafOf(snapshot.value)).toBe(snapshot.matches({ running: 'serving' }))
    }
  })

  test('never serves without having been granted a start and found ready', () => {
    const paths = getSimplePaths(tenantMachine, coarse)
    expect(paths.length).toBeGreaterThan(50)
    for (const path of paths) {
      const trail = path.steps.map((step) => leafOf((step.state as Snapshot).value))
      const served = trail.indexOf('ready')
      if (served === -1) continue
      expect(trail.slice(0, served)).toEqual(expect.arrayContaining(['waiting', 'launching', 'preparing', 'probing']))
    }
  })

  test('can be stopped from everywhere', () => {
    for (const path of shortest) {
      if (snapshotOf(path).status === 'done') continue
      const onwards = getShortestPaths(tenantMachine, { ...(coarse as object), fromState: path.state } as never)
      expect(
        onwards.some((next) => leafOf(snapshotOf(next).value) === 'gone'),
        leafOf(snapshotOf(path).value),
      ).toBe(true)
    }
  })

  test('never leaves `gone`', () => {
    for (const path of shortest.filter((candidate) => snapshotOf(candidate).status === 'done')) {
      expect(leafOf(snapshotOf(path).value)).toBe('gone')
      expect(Object.keys(snapshotOf(path).children).filter((id) => id !== 'pool')).toEqual([])
    }
  })
})
