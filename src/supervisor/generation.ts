import { type Actor, createActor, toPromise } from 'xstate'
import { publicStateOf } from '../../machines/public-state.ts'
import type { TenantMachine } from '../../machines/tenant.ts'
import type { TenantContext, TenantEvent, TenantTimes } from '../../machines/tenant-facts.ts'
import type { TenantConfig } from '../config/config.ts'
import type { Recorder } from '../inspect/recorder.ts'
import type { Logger } from '../log/logger.ts'
import type { GateKeeper } from '../protocol/counters.ts'
import type { PublicState, TenantStanding } from '../protocol/routing-snapshot.ts'
import { logTenant } from './tenant-log.ts'

/**
 * One generation of a tenant: its machine's actor and what is known beside it. A reload that changes a tenant makes a
 * second generation while the first still serves. Supervisor thread.
 */
export type Generation = {
  readonly config: TenantConfig
  readonly state: PublicState
  /** When it came to this state, epoch ms. */
  readonly since: number
  /** Requests its processes have served so far. */
  readonly requests: number
  /** Resolves when it has been retired and its process is gone. Never rejects. */
  readonly gone: Promise<void>
  /** Resolves when it was ready for the first time, else with why it never was. Never rejects. */
  readonly firstStart: Promise<string | undefined>
  context(): TenantContext
  standing(): TenantStanding
  send(event: TenantEvent): void
  /** New timeouts, same process. */
  retune(config: TenantConfig, drainMs: number): void
}

/** What a generation is made from. */
export type GenerationSpec = {
  readonly id: string
  readonly config: TenantConfig
  readonly drainMs: number
  readonly isReplacement: boolean
  readonly machine: TenantMachine
  readonly gates: GateKeeper
  readonly log: Logger
  readonly recorder: Recorder
  /** Called at each change of what the public or `ps` can see. */
  onMoved(generation: Generation): void
}

export const createGeneration = (spec: GenerationSpec): Generation => {
  const { id, gates, isReplacement } = spec
  const actor = createActor(spec.machine, {
    input: { id, isReplacement, ...timesOf(spec.config, spec.drainMs) },
    inspect: spec.recorder.observe({ kind: 'tenant', name: spec.config.name, generation: id }),
  })
  const meter = createMeter(gates)
  const firstStart = Promise.withResolvers<string | undefined>()
  let { config } = spec
  let state: PublicState = 'stopped'
  let since = Date.now()

  /** To one that is gone nothing matters any more. */
  const send = (event: TenantEvent) => {
    if (actor.getSnapshot().status === 'active') actor.send(event)
  }

  const generation: Generation = {
    get config() {
      return config
    },
    get state() {
      return state
    },
    get since() {
      return since
    },
    get requests() {
      return meter.read()
    },
    // An actor in error has no process left that it could stop; the process actors' own cleanup and the exit handler see to that.
    gone: toPromise(actor).then(
      () => {},
      (error: unknown) => spec.log.error({ tenant: config.name, err: error }, 'tenant machine failed'),
    ),
    firstStart: firstStart.promise,
    context: () => actor.getSnapshot().context,
    standing: () => standingOf(config.name, state, actor.getSnapshot().context),
    send,
    retune(retuned, drainMs) {
      config = retuned
      send({ type: 'tenant.retuned', times: timesOf(retuned, drainMs) })
    },
  }

  const observe = (snapshot: ReturnType<Actor<TenantMachine>['getSnapshot']>) => {
    const { context } = snapshot
    meter.follow(context.running?.slot)
    const before = { state, since }
    state = publicStateOf(snapshot)
    if (state !== before.state) {
      since = Date.now()
      logTenant(spec.log, { name: config.name, from: before, state, context })
    }
    if (state === 'ready') firstStart.resolve(undefined)
    if (state === 'crashed') firstStart.resolve(describeFailure(context))
    spec.onMoved(generation)
  }
  void generation.gone.then(() => firstStart.resolve('it was stopped'))
  // `gone` tells of errors.
  actor.subscribe({ next: observe, error: () => {} })
  actor.start()
  return generation
}

const timesOf = (config: TenantConfig, drainMs: number): TenantTimes => ({
  readyTimeoutMs: config.ready_timeout,
  idleTimeoutMs: config.idle_timeout,
  stopTimeoutMs: config.stop_timeout,
  drainTimeoutMs: drainMs,
})

const standingOf = (name: string, state: PublicState, { running, ticket, failure }: TenantContext): TenantStanding => ({
  name,
  state,
  ...(running && ticket !== undefined && (state === 'ready' || state === 'idle') ? { admission: { slot: running.slot, ticket } } : {}),
  ...(failure && state === 'crashed' ? { failure } : {}),
})

const describeFailure = ({ failure, lastExit, lastTail }: TenantContext): string => {
  const how = lastExit?.signal ?? (lastExit?.code === null ? undefined : `exit code ${lastExit?.code}`)
  return [failure?.reason, how, ...lastTail.slice(-3)].filter((part) => part !== undefined).join('; ')
}

/** Adds up requests over processes, each of which counts from where its slot's last one left off. */
const createMeter = (gates: GateKeeper) => {
  let settled = 0
  let slot: number | undefined
  let offset = 0
  const current = () => (slot === undefined ? 0 : (gates.read(slot).started - offset) >>> 0)

  return {
    read: () => settled + current(),
    follow(next: number | undefined) {
      if (next === slot) return
      settled += current()
      slot = next
      if (next !== undefined) offset = gates.read(next).started
    },
  }
}
