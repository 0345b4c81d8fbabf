import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, SimulatedClock, type SnapshotFrom } from 'xstate'
import { getShortestPaths, getSimplePaths } from 'xstate/graph'
import { type ProcessInput, processMachine } from '../../machines/process.ts'
import { publicStateOf } from '../../machines/public-state.ts'
import type { ProcessCommand } from '../../machines/tenant-facts.ts'
import { exitOf, leafOf } from './life.ts'

const input: ProcessInput = {
  ...{ id: 'redis#1', startDelayMs: 0, stopTimeoutMs: 10_000, isRestarted: true },
  ...{ restartLimit: Number.POSITIVE_INFINITY, isDependent: false, isProbed: false, readyTimeoutMs: 30_000 },
}

const openProcess = (changes: Partial<ProcessInput> = {}) => {
  const clock = new SimulatedClock()
  const told: string[] = []
  let processes = 0
  const machine = processMachine.provide({
    actors: {
      process: fromCallback<ProcessCommand, { id: string }>(({ receive }) => {
        processes++
        receive(({ type }) => told.push(type))
        return () => void processes--
      }),
    },
  })
  const actor = createActor(machine, { input: { ...input, ...changes }, clock }).start()
  return {
    actor,
    clock,
    told,
    context: () => actor.getSnapshot().context,
    public: () => publicStateOf(actor.getSnapshot()),
    state: () => leafOf(actor.getSnapshot().value),
    processes: () => processes,
    exit: (exit: Parameters<typeof exitOf>[0]) => actor.send({ type: 'process.exited', exit: exitOf(exit) }),
    run() {
      actor.send({ type: 'process.start' })
      clock.increment(input.startDelayMs)
      actor.send({ type: 'process.started', running: { pid: 42 } })
    },
  }
}

describe('a managed process', () => {
  test('waits for its start delay', () => {
    const process = openProcess({ startDelayMs: 5_000 })
    process.actor.send({ type: 'process.start' })
    expect([process.public(), process.processes()]).toEqual(['starting', 0])
    process.clock.increment(5_000)
    expect([process.public(), process.processes()]).toEqual(['starting', 1])
  })

  test('can be stopped while it waits for its start delay', () => {
    const process = openProcess({ startDelayMs: 5_000 })
    process.actor.send({ type: 'process.start' })
    process.actor.send({ type: 'process.stop' })
    process.clock.increment(5_000)
    expect([process.state(), process.processes()]).toEqual(['gone', 0])
  })

  test('is left alone after it ended with code 0', () => {
    const process = openProcess()
    process.run()
    process.exit({ code: 0 })
    process.clock.increment(60_000)
    expect([process.public(), process.processes()]).toEqual(['stopped', 0])
  })

  test('is started again after a crash, later each time', () => {
    const process = openProcess()
    process.run()
    for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      process.exit({ code: 1 })
      process.clock.increment(wait - 1)
      expect(process.public()).toBe('crashed')
      process.clock.increment(1)
      expect(process.public()).toBe('starting')
    }
    expect(process.context().crashes).toBe(7)
  })

  test('has its failures forgotten once it has run for 30 s', () => {
    const process = openProcess()
    process.run()
    process.exit({ code: 1 })
    process.clock.increment(1_000)
    process.actor.send({ type: 'process.started', running: { pid: 43 } })
    process.clock.increment(30_000)
    process.exit({ code: 1 })
    expect(process.context()).toMatchObject({ failures: 1, crashes: 2, backoffMs: 1_000 })
  })

  test('stays down after a crash when it is not to be restarted', () => {
    const process = openProcess({ isRestarted: false })
    process.run()
    process.exit({ signal: 'SIGSEGV' })
    process.clock.increment(600_000)
    expect([process.public(), process.context().failure?.reason]).toEqual(['crashed', 'it exited with SIGSEGV'])
  })

  test('is never resurrected by a stop during its backoff', () => {
    const process = openProcess()
    process.run()
    process.exit({ code: 1 })
    process.actor.send({ type: 'process.stop' })
    process.clock.increment(60_000)
    expect([process.state(), process.processes()]).toEqual(['gone', 0])
  })

  test('is killed when it ignores the terminate signal', () => {
    const process = openProcess()
    process.run()
    process.actor.send({ type: 'process.stop' })
    process.clock.increment(input.stopTimeoutMs)
    expect([process.public(), process.told]).toEqual(['stopping', ['process.terminate', 'process.kill']])
    process.exit({ signal: 'SIGKILL' })
    expect([process.state(), process.processes()]).toEqual(['gone', 0])
  })
})

describe('every path through the process machine', () => {
  type Snapshot = SnapshotFrom<typeof processMachine>
  const events = [
    { type: 'process.start' },
    { type: 'process.stop' },
    { type: 'process.started', running: { pid: 42 } },
    { type: 'process.exited', exit: exitOf({ code: 0 }) },
    { type: 'process.exited', exit: exitOf({ code: 1 }) },
    { type: 'xstate.error.actor.process' },
    { type: 'xstate.after.startDelay.process.delayed' },
    { type: 'xstate.after.backoff.process.crashed' },
    { type: 'xstate.after.stopTimeout.process.running.stopping.terminating' },
  ]
  const stopWhen = ({ status }: Snapshot) => status !== 'active'
  const options = { input, events, stopWhen, serializeState: ({ value }: Snapshot) => JSON.stringify(value) } as never
  const paths = getSimplePaths(processMachine, options)
  const snapshotOf = (path: { state: unknown }) => path.state as Snapshot

  test('reaches every state', () => {
    const reached = new Set(paths.map((path) => leafOf(snapshotOf(path).value)))
    expect(reached).toEqual(new Set(['stopped', 'delayed', 'launching', 'ready', 'terminating', 'killing', 'crashed', 'gone']))
  })

  test('has a process exactly while it is running', () => {
    for (const path of paths) expect('process' in snapshotOf(path).children).toBe(snapshotOf(path).matches('running'))
  })

  test('can be stopped from everywhere', () => {
    for (const path of getShortestPaths(processMachine, options)) {
      if (snapshotOf(path).status === 'done') continue
      const onwards = getShortestPaths(processMachine, { ...(options as object), fromState: path.state } as never)
      expect(onwards.some((next) => leafOf(snapshotOf(next).value) === 'gone')).toBe(true)
    }
  })
})
