import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { type HostAction, type HostTuning, hostMachine, type UpstreamsCommand } from '../../machines/host.ts'
import { leafOf, settled } from './life.ts'

const tuning: HostTuning = { action: 'suspend', idleTimeoutMs: 60_000 }

/** A host among actors that do as they are told by the test. */
const openHost = (input: HostTuning = tuning) => {
  const clock = new SimulatedClock()
  const told: string[] = []
  const steps = new Map<string, PromiseWithResolvers<void>>()
  let isHeld = false
  const step = (name: string) => () => {
    told.push(name)
    const ending = Promise.withResolvers<void>()
    steps.set(name, ending)
    return ending.promise
  }
  const machine = hostMachine.provide({
    actors: {
      upstreams: fromCallback<UpstreamsCommand>(({ receive }) => receive(() => told.push('forget'))),
      hold: fromCallback(() => {
        isHeld = true
        return () => {
          isHeld = false
        }
      }),
      idleHooks: fromPromise<void>(step('idle hooks')),
      check: fromPromise<void>(step('check')),
      act: fromPromise<void, HostAction>(({ input: { action } }) => step('act')().then(() => void told.push(String(action)))),
      resumeHooks: fromPromise<void>(step('resume hooks')),
    },
  })
  const actor = createActor(machine, { input, clock }).start()
  return {
    actor,
    clock,
    told,
    isHeld: () => isHeld,
    state: () => leafOf(actor.getSnapshot().value),
    async end(name: string) {
      steps.get(name)!.resolve()
      await settled()
    },
    async fail(name: string) {
      steps.get(name)!.reject(new Error('no'))
      await settled()
    },
    goQuiet() {
      actor.send({ type: 'host.quiet' })
      clock.increment(input.idleTimeoutMs)
    },
    async sleep() {
      this.goQuiet()
      for (const name of ['idle hooks', 'check', 'act']) await this.end(name)
    },
  }
}

describe('a host', () => {
  test('sleeps after a quiet spell: hooks while requests may come, then the gate, then a last look', async () => {
    const host = openHost()
    host.goQuiet()
    expect([host.state(), host.isHeld()]).toEqual(['preparing', false])
    await host.end('idle hooks')
    expect([host.state(), host.isHeld()]).toEqual(['checking', true])
    await host.end('check')
    await host.end('act')
    expect([host.state(), host.isHeld(), host.told]).toEqual(['asleep', true, ['idle hooks', 'check', 'act', 'suspend']])
  })

  test('stays awake when somebody comes before the quiet spell is over', () => {
    const host = openHost()
    host.actor.send({ type: 'host.quiet' })
    host.clock.increment(tuning.idleTimeoutMs - 1)
    host.actor.send({ type: 'host.busy' })
    host.clock.increment(tuning.idleTimeoutMs)
    expect(host.state()).toBe('active')
  })

  test('stays awake for a request during the idle hooks', () => {
    const host = openHost()
    host.goQuiet()
    host.actor.send({ type: 'host.busy' })
    expect([host.state(), host.told]).toEqual(['active', ['idle hooks']])
  })

  test('stays awake for a request that only the last look has seen', async () => {
    const host = openHost()
    host.goQuiet()
    await host.end('idle hooks')
    await host.fail('check')
    expect([host.state(), host.isHeld(), host.told]).toEqual(['active', false, ['idle hooks', 'check']])
  })

  test('sleeps though its idle hooks have failed', async () => {
    const host = openHost()
    host.goQuiet()
    await host.fail('idle hooks')
    expect(host.state()).toBe('checking')
  })

  test('tries again after another quiet spell when it was refused', async () => {
    const host = openHost()
    host.goQuiet()
    for (const name of ['idle hooks', 'check']) await host.end(name)
    await host.fail('act')
    expect([host.state(), host.isHeld()]).toEqual(['resting', false])
    host.clock.increment(tuning.idleTimeoutMs)
    expect(host.state()).toBe('preparing')
  })

  test('wakes for a request, which waits for the resume hooks', async () => {
    const host = openHost()
    await host.sleep()
    host.actor.send({ type: 'host.requested' })
    expect([host.state(), host.isHeld(), host.told.slice(-2)]).toEqual(['resuming', true, ['forget', 'resume hooks']])
    await host.end('resume hooks')
    expect([host.isHeld(), host.told.filter((word) => word === 'resume hooks')]).toEqual([false, ['resume hooks']])
  })

  test('wakes for a request that came while it was still asking', async () => {
    const host = openHost()
    host.goQuiet()
    for (const name of ['idle hooks', 'check']) await host.end(name)
    host.actor.send({ type: 'host.requested' })
    await host.end('act')
    expect(host.state()).toBe('resuming')
  })

  test('lets requests on though its resume hooks have failed', async () => {
    const host = openHost()
    await host.sleep()
    host.actor.send({ type: 'host.woke' })
    await host.fail('resume hooks')
    expect(host.isHeld()).toBe(false)
  })

  test('is never held for ever by a sleep that does not come', async () => {
    const host = openHost()
    await host.sleep()
    host.clock.increment(60_000)
    expect(host.state()).toBe('resuming')
  })

  test('resumes once more when the freeze comes after a request had woken it', async () => {
    const host = openHost()
    await host.sleep()
    host.actor.send({ type: 'host.requested' })
    await host.end('resume hooks')
    host.actor.send({ type: 'host.busy' })
    host.actor.send({ type: 'host.woke' })
    expect([host.state(), host.isHeld()]).toEqual(['resuming', true])
    await host.end('resume hooks')
    host.actor.send({ type: 'host.woke' })
    expect([host.state(), host.told.at(-1)]).toEqual(['active', 'forget'])
  })

  test('resumes once when it is seen to wake twice', async () => {
    const host = openHost()
    await host.sleep()
    for (const type of ['host.requested', 'host.woke'] as const) host.actor.send({ type })
    await host.end('resume hooks')
    expect(host.told.filter((word) => word === 'resume hooks')).toHaveLength(1)
  })

  test('goes by another timeout and action from a reload on, or by none', () => {
    const host = openHost({ action: undefined, idleTimeoutMs: 0 })
    host.actor.send({ type: 'host.quiet' })
    expect(host.state()).toBe('off')
    host.actor.send({ type: 'host.retuned', tuning: { action: 'stop', idleTimeoutMs: 5_000 } })
    host.clock.increment(4_999)
    host.actor.send({ type: 'host.retuned', tuning: { action: 'stop', idleTimeoutMs: 7_000 } })
    host.clock.increment(6_999)
    expect(host.state()).toBe('resting')
    host.actor.send({ type: 'host.retuned', tuning: { action: undefined, idleTimeoutMs: 0 } })
    expect(host.state()).toBe('off')
  })

  test('comes back to a state that holds nothing, whatever happens', () => {
    const inner = ['idleHooks', 'check', 'act', 'resumeHooks'].flatMap((id) => [`xstate.done.actor.${id}`, `xstate.error.actor.${id}`])
    const types = ['host.quiet', 'host.busy', 'host.requested', 'host.woke', 'xstate.after.idleTimeout.host.resting', ...inner]
    const events = types.map((type) => ({ type }))
    const serializeState = ({ value, context }: { value: unknown; context: object }) => JSON.stringify([value, context])
    const stopWhen = ({ status }: { status: string }) => status !== 'active'
    const options = { input: tuning, events, serializeState, stopWhen }
    for (const path of getShortestPaths(hostMachine, options as never)) {
      if ((path.state as { status: string }).status !== 'active') continue
      const onwards = getShortestPaths(hostMachine, { ...options, fromState: path.state } as never)
      expect(onwards.some(({ state }) => ['active', 'resting'].includes(leafOf((state as { value: unknown }).value)))).toBe(true)
    }
  })
})
