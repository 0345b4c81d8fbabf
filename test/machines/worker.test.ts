import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, SimulatedClock } from 'xstate'
import { publicStateOf } from '../../machines/public-state.ts'
import { type ThreadCommand, type WorkerInput, workerMachine } from '../../machines/worker.ts'
import { leafOf } from './life.ts'

const openWorker = () => {
  const clock = new SimulatedClock()
  const told: string[] = []
  let threads = 0
  const thread = fromCallback<ThreadCommand, WorkerInput>(({ receive }) => {
    threads++
    receive(({ type }) => told.push(type))
    return () => void threads--
  })
  const actor = createActor(workerMachine.provide({ actors: { thread } }), { input: { worker: 0 }, clock }).start()
  return {
    actor,
    clock,
    told,
    threads: () => threads,
    state: () => leafOf(actor.getSnapshot().value),
    public: () => publicStateOf(actor.getSnapshot()),
    listen: () => actor.send({ type: 'worker.listening' }),
    die: (error = 'out of memory') => actor.send({ type: 'thread.ended', error, at: 0, chance: 0 }),
  }
}

describe('a worker', () => {
  test('is ready when it listens', () => {
    const worker = openWorker()
    expect(worker.public()).toBe('starting')
    worker.listen()
    expect(worker.public()).toBe('ready')
  })

  test('is replaced at once when it dies for the first time, later when it goes on dying', () => {
    const worker = openWorker()
    for (const wait of [0, 1_000, 2_000]) {
      worker.listen()
      worker.die()
      expect([worker.public(), worker.threads()]).toEqual(['crashed', 0])
      worker.clock.increment(wait)
      expect([worker.public(), worker.threads()]).toEqual(['starting', 1])
    }
    expect(worker.actor.getSnapshot().context).toMatchObject({ crashes: 3, failure: { reason: 'out of memory' } })
  })

  test('has its deaths forgotten once it has listened for 30 s', () => {
    const worker = openWorker()
    worker.listen()
    worker.die()
    worker.clock.increment(0)
    worker.listen()
    worker.clock.increment(30_000)
    worker.die()
    worker.clock.increment(0)
    expect(worker.public()).toBe('starting')
  })

  test('ends by draining', () => {
    const worker = openWorker()
    worker.listen()
    worker.actor.send({ type: 'worker.drain', graceMs: 30_000 })
    expect([worker.public(), worker.told]).toEqual(['stopping', ['thread.drain']])
    worker.actor.send({ type: 'thread.ended', at: 0, chance: 0 })
    expect(worker.state()).toBe('gone')
  })

  test('is cut when it does not end in its grace time', () => {
    const worker = openWorker()
    worker.listen()
    worker.actor.send({ type: 'worker.drain', graceMs: 30_000 })
    worker.clock.increment(32_000)
    expect(worker.told).toEqual(['thread.drain', 'thread.cut'])
    worker.die('terminated')
    expect(worker.state()).toBe('gone')
  })

  test('is not replaced when it dies while draining', () => {
    const worker = openWorker()
    worker.listen()
    worker.actor.send({ type: 'worker.drain', graceMs: 30_000 })
    worker.die()
    expect([worker.state(), worker.threads()]).toEqual(['gone', 0])
  })
})
