import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate'
import { publicStateOf } from '../../machines/public-state.ts'
import { tenantMachine } from '../../machines/tenant.ts'
import type { HooksInput, PoolCommand, ProcessCommand, Running, TenantInput } from '../../machines/tenant-facts.ts'
import { exitOf, leafOf, settled } from './life.ts'

const input: TenantInput = {
  id: 'acme#1',
  isReplacement: false,
  readyTimeoutMs: 60_000,
  idleTimeoutMs: 120_000,
  drainTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
}
const running: Running = { pid: 42, port: 4_000, slot: 7 }

/** A tenant among actors that do nothing but remember what they were told. */
const openTenant = (changes: Partial<TenantInput> = {}, hooks: (moment: 'start' | 'stop') => Promise<void> = async () => {}) => {
  const clock = new SimulatedClock()
  const told: string[] = []
  let processes = 0
  let isGateOpen = false
  let tickets = 0
  let ready = Promise.withResolvers<void>()
  let drained = Promise.withResolvers<void>()
  const machine = tenantMachine.provide({
    actors: {
      pool: fromCallback<PoolCommand, { id: string }>(({ receive }) => receive(({ type }) => told.push(type))),
      process: fromCallback<ProcessCommand, { id: string }>(({ receive }) => {
        processes++
        receive(({ type }) => told.push(type))
        return () => void processes--
      }),
      hooks: fromPromise<void, HooksInput>(({ input }) => {
        told.push(`hooks.${input.moment}`)
        return hooks(input.moment)
      }),
      awaitReady: fromPromise<void, { id: string; running: Running | undefined }>(() => {
        ready = Promise.withResolvers()
        return ready.promise
      }),
      gate: fromCallback<{ type: 'none' }, { running: Running | undefined; ticket: number | undefined }>(({ input, sendBack }) => {
        isGateOpen = true
        sendBack({ type: 'gate.opened', ticket: input.ticket ?? ++tickets })
        return () => {
          isGateOpen = false
        }
      }),
      drain: fromPromise<void, { running: Running | undefined }>(() => {
        drained = Promise.withResolvers()
        return drained.promise
      }),
    },
  })
  const actor = createActor(machine, { input: { ...input, ...changes }, clock }).start()
  return {
    actor,
    clock,
    told,
    context: () => actor.getSnapshot().context,
    state: () => leafOf(actor.getSnapshot().value),
    public: () => publicStateOf(actor.getSnapshot()),
    processes: () => processes,
    isGateOpen: () => isGateOpen,
    exit: (changes: Parameters<typeof exitOf>[0] = {}) => actor.send({ type: 'process.exited', exit: exitOf(changes) }),
    launch() {
      actor.send({ type: 'tenant.requested' })
      actor.send({ type: 'start.granted' })
      actor.send({ type: 'process.started', running })
    },
    async becomeReady() {
      await settled()
      ready.resolve()
      await settled()
    },
    async finishDraining() {
      drained.resolve()
      await settled()
    },
    async serve() {
      this.launch()
      await this.becomeReady()
    },
  }
}

describe('a tenant', () => {
  test('is started by a request as soon as the pool lets it', () => {
    const tenant = openTenant()
    tenant.actor.send({ type: 'tenant.requested' })
    expect([tenant.state(), tenant.public(), tenant.processes(), tenant.told]).toEqual(['waiting', 'starting', 0, ['place.asked']])
    tenant.actor.send({ type: 'start.granted' })
    expect([tenant.state(), tenant.processes()]).toEqual(['launching', 1])
  })

  test('opens its gate when it is ready, and frees its start permit', async () => {
    const tenant = openTenant()
    tenant.launch()
    expect([tenant.public(), tenant.isGateOpen()]).toEqual(['starting', false])
    await tenant.becomeReady()
    expect([tenant.public(), tenant.isGateOpen(), tenant.context().ticket]).toEqual(['ready', true, 1])
    expect(tenant.told).toEqual(['place.asked', 'hooks.start', 'start.over'])
  })

  test('frees its start permit when the start takes long', () => {
    const tenant = openTenant()
    tenant.launch()
    tenant.clock.increment(5_000)
    expect([tenant.public(), tenant.told]).toEqual(['starting', ['place.asked', 'hooks.start', 'start.over']])
  })

  test('is stopped after a quiet spell: gate first, then requests, then the process', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs)
    expect([tenant.state(), tenant.isGateOpen(), tenant.context().stopReason]).toEqual(['draining', false, 'idle'])
    await tenant.finishDraining()
    expect([tenant.state(), tenant.told.at(-1)]).toEqual(['terminating', 'process.terminate'])
    tenant.exit({ code: 0 })
    expect([tenant.state(), tenant.processes(), tenant.told.at(-1)]).toEqual(['stopped', 0, 'place.left'])
  })

  test('stays when traffic comes before the quiet spell is over', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs - 1)
    tenant.actor.send({ type: 'traffic.seen' })
    tenant.clock.increment(input.idleTimeoutMs)
    expect(tenant.public()).toBe('ready')
  })

  test('calls an idle stop off for a request, and shows the ticket it had', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs)
    tenant.actor.send({ type: 'tenant.requested' })
    expect([tenant.public(), tenant.isGateOpen(), tenant.context().ticket]).toEqual(['ready', true, 1])
    expect(tenant.told).not.toContain('process.terminate')
  })

  test('calls an idle stop off rather than cut a long request', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs)
    tenant.clock.increment(input.drainTimeoutMs)
    expect([tenant.public(), tenant.isGateOpen()]).toEqual(['ready', true])
  })

  test('does not call off what was ordered, but starts again for who came meanwhile', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'tenant.stop', reason: 'operator' })
    tenant.actor.send({ type: 'tenant.requested' })
    expect(tenant.state()).toBe('draining')
    await tenant.finishDraining()
    tenant.exit({ code: 0 })
    expect(tenant.state()).toBe('waiting')
  })

  test('starts again for a request that came while it was being terminated', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs)
    await tenant.finishDraining()
    tenant.actor.send({ type: 'tenant.requested' })
    expect(tenant.state()).toBe('terminating')
    tenant.exit({ code: 0 })
    expect(tenant.state()).toBe('waiting')
  })

  test('does not wait for its last requests for ever when a stop was ordered', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'tenant.stop', reason: 'operator' })
    tenant.clock.increment(input.drainTimeoutMs)
    await settled()
    expect([tenant.state(), tenant.told.slice(-2)]).toEqual(['terminating', ['hooks.stop', 'process.terminate']])
  })

  test('is asked whether it is ready only after its start hooks', async () => {
    const hooks = Promise.withResolvers<void>()
    const tenant = openTenant({}, () => hooks.promise)
    tenant.launch()
    await settled()
    expect(tenant.state()).toBe('preparing')
    hooks.resolve()
    await settled()
    expect(tenant.state()).toBe('probing')
  })

  test('is kept by a request during the hooks of an idle stop, and runs its start hooks again', async () => {
    const stopHooks = Promise.withResolvers<void>()
    const tenant = openTenant({}, async (moment) => (moment === 'stop' ? stopHooks.promise : undefined))
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs)
    await tenant.finishDraining()
    tenant.actor.send({ type: 'tenant.requested' })
    expect([tenant.state(), tenant.isGateOpen()]).toEqual(['preparing', false])
    await tenant.becomeReady()
    expect([tenant.public(), tenant.context().ticket, tenant.told]).toEqual([
      'ready',
      1,
      ['place.asked', 'hooks.start', 'start.over', 'hooks.stop', 'hooks.start', 'start.over'],
    ])
  })

  test('runs its stop hooks to their end when it is ordered to stop during those of an idle stop', async () => {
    const stopHooks = Promise.withResolvers<void>()
    const tenant = openTenant({}, async (moment) => (moment === 'stop' ? stopHooks.promise : undefined))
    await tenant.serve()
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(input.idleTimeoutMs)
    await tenant.finishDraining()
    tenant.actor.send({ type: 'tenant.stop', reason: 'shutdown' })
    tenant.actor.send({ type: 'tenant.requested' })
    expect(tenant.state()).toBe('concluding')
    stopHooks.resolve()
    await settled()
    expect([tenant.state(), tenant.told.filter((word) => word === 'hooks.stop')]).toEqual(['terminating', ['hooks.stop']])
  })

  test('is killed when it ignores the terminate signal', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'tenant.stop', reason: 'operator' })
    await tenant.finishDraining()
    tenant.clock.increment(input.stopTimeoutMs)
    expect([tenant.state(), tenant.told.at(-1)]).toEqual(['killing', 'process.kill'])
  })

  test.each(['reload', 'shutdown'] as const)('never starts again after a %s', async (reason) => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'tenant.stop', reason })
    tenant.actor.send({ type: 'tenant.requested' })
    await tenant.finishDraining()
    tenant.exit({ code: 0 })
    expect([tenant.state(), tenant.actor.getSnapshot().status]).toEqual(['gone', 'done'])
  })

  test('leaves the queue when it is stopped while it waits for a place', () => {
    const tenant = openTenant()
    tenant.actor.send({ type: 'tenant.requested' })
    tenant.actor.send({ type: 'tenant.stop', reason: 'operator' })
    expect([tenant.state(), tenant.told]).toEqual(['stopped', ['place.asked', 'place.left']])
  })

  test('looks whether it is ready again when its process refuses a connection', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.actor.send({ type: 'tenant.refused', ticket: 99 })
    expect(tenant.public()).toBe('ready')
    tenant.actor.send({ type: 'tenant.refused', ticket: 1 })
    expect([tenant.state(), tenant.isGateOpen()]).toEqual(['probing', false])
    await tenant.becomeReady()
    expect([tenant.public(), tenant.context().ticket]).toEqual(['ready', 1])
  })

  test('goes by new timeouts from its next wait on', async () => {
    const tenant = openTenant()
    await tenant.serve()
    const { readyTimeoutMs, drainTimeoutMs, stopTimeoutMs } = input
    tenant.actor.send({ type: 'tenant.retuned', times: { readyTimeoutMs, drainTimeoutMs, stopTimeoutMs, idleTimeoutMs: 5 } })
    tenant.actor.send({ type: 'traffic.quiet' })
    tenant.clock.increment(5)
    expect(tenant.state()).toBe('draining')
  })
})

describe('a tenant that fails', () => {
  test('is given up when it is not ready in time, and killed when it will not go', () => {
    const tenant = openTenant()
    tenant.launch()
    tenant.clock.increment(input.readyTimeoutMs)
    expect([tenant.state(), tenant.told.at(-1)]).toEqual(['failing', 'process.terminate'])
    tenant.clock.increment(input.stopTimeoutMs)
    expect(tenant.told.at(-1)).toBe('process.kill')
    tenant.exit({ signal: 'SIGKILL' })
    expect([tenant.public(), tenant.context().failure?.reason]).toEqual(['crashed', 'it did not become ready'])
  })

  test('waits longer after each failed start, up to 30 s', () => {
    const tenant = openTenant()
    for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      tenant.launch()
      tenant.exit({ code: 1 })
      tenant.clock.increment(wait - 1)
      expect(tenant.public()).toBe('crashed')
      tenant.clock.increment(1)
      expect(tenant.public()).toBe('stopped')
    }
  })

  test('says why to the public and more to the operator, and when the next try may be', () => {
    const tenant = openTenant()
    tenant.launch()
    tenant.exit({ code: 3, at: 1_000_000, chance: 0.5, tail: ['no such table: users'] })
    expect(tenant.context()).toMatchObject({
      failure: { reason: 'it did not become ready', retryAt: 1_000_000 + 1_100 },
      lastExit: { code: 3, signal: null, at: 1_000_000 },
      lastTail: ['no such table: users'],
      crashes: 1,
      failures: 1,
    })
  })

  test('does not start while it is backing off, whoever asks', () => {
    const tenant = openTenant()
    tenant.launch()
    tenant.exit({ code: 1 })
    tenant.actor.send({ type: 'tenant.requested' })
    expect([tenant.public(), tenant.processes()]).toEqual(['crashed', 0])
  })

  test('may start again at once after its first crash', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.exit({ signal: 'SIGKILL' })
    expect([tenant.public(), tenant.context().crashes]).toEqual(['stopped', 1])
  })

  test('backs off when it crashes again soon', async () => {
    const tenant = openTenant()
    await tenant.serve()
    tenant.exit({ code: 1 })
    await tenant.serve()
    tenant.exit({ code: 1 })
    expect([tenant.public(), tenant.context().failure?.reason]).toEqual(['crashed', 'it keeps crashing'])
  })

  test('has its failures forgotten once it has served for 30 s', async () => {
    const tenant = openTenant()
    tenant.launch()
    tenant.exit({ code: 1 })
    tenant.clock.increment(1_000)
    await tenant.serve()
    tenant.clock.increment(30_000)
    expect(tenant.context().failures).toBe(0)
    tenant.exit({ code: 1 })
    expect(tenant.public()).toBe('stopped')
  })

  test('can be stopped while it backs off', () => {
    const tenant = openTenant()
    tenant.launch()
    tenant.exit({ code: 1 })
    tenant.actor.send({ type: 'tenant.stop', reason: 'operator' })
    expect(tenant.public()).toBe('stopped')
  })
})
