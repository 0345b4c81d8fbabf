import type { InspectionEvent, Snapshot } from 'xstate'
import { publicStateOf } from '../../machines/public-state.ts'
import type { PublicState } from '../protocol/routing-snapshot.ts'
import { eventName } from './event-name.ts'

/** Whose machine it is. `generation` tells apart those that a tenant or process has had. */
export type Subject = { readonly kind: MachineKind; readonly name: string; readonly generation?: string }
export type MachineKind = 'tenant' | 'process' | 'worker' | 'server' | 'host'

/** A machine's step from one state to another: plain data. */
export type Transition = Subject & {
  /** Counts up over all machines. */
  readonly number: number
  /** Epoch ms. */
  readonly at: number
  readonly event: string
  /** As paths: `running.serving.ready`. Empty before the first. */
  readonly from: string
  readonly to: string
  readonly state?: PublicState
  /** How long it was in `from`. */
  readonly tookMs: number
  /** What the machine knows of why: a stop's reason, an exit, a failure. */
  readonly why?: string
}

/** Starts of a tenant since navigator started, that came to an end well, and how long they took. */
export type Starts = { readonly count: number; readonly sumMs: number }

/** Remembers the last steps of every machine, bounded, and tells of each. Supervisor thread. */
export type Recorder = {
  /** To be given to `createActor` as `inspect`. */
  observe(subject: Subject): (event: InspectionEvent) => void
  /** Of all, or of one machine; oldest first. */
  transitions(subject?: Pick<Subject, 'kind' | 'name'>): readonly Transition[]
  /** The state a machine is in now. */
  stateOf(subject: Pick<Subject, 'kind' | 'name'>): string | undefined
  starts(tenant: string): Starts
  /** Hears each step from now on, until what this gives is called. */
  follow(listener: (transition: Transition) => void): () => void
}

const STEPS_PER_MACHINE = 40

export const createRecorder = (): Recorder => {
  const histories = new Map<string, Transition[]>()
  const starts = new Map<string, Starts>()
  const listeners = new Set<(transition: Transition) => void>()
  let number = 0

  const keep = (transition: Transition, startedAt: number | undefined) => {
    const { kind, name, state } = transition
    const history = histories.get(keyOf(transition)) ?? []
    histories.set(keyOf(transition), history)
    history.push(transition)
    if (history.length > STEPS_PER_MACHINE) history.shift()
    if (kind === 'tenant' && state === 'ready' && startedAt !== undefined) {
      const { count, sumMs } = starts.get(name) ?? { count: 0, sumMs: 0 }
      starts.set(name, { count: count + 1, sumMs: sumMs + transition.at - startedAt })
    }
    for (const listener of listeners) listener(transition)
  }

  return {
    observe(subject) {
      let from = ''
      let since = Date.now()
      let startedAt: number | undefined
      return (event) => {
        if (event.type !== '@xstate.snapshot' || event.actorRef.sessionId !== event.rootId) return
        const snapshot = event.snapshot as MachineSnapshot
        const to = pathOf(snapshot.value)
        if (to === from) return
        const at = Date.now()
        const state = subject.kind === 'server' || subject.kind === 'host' ? undefined : publicStateOf(snapshot)
        const why = whyOf(snapshot.context)
        const step = { number: ++number, at, event: eventName(event.event.type), from, to, tookMs: at - since }
        keep({ ...subject, ...step, ...(state === undefined ? {} : { state }), ...(why === undefined ? {} : { why }) }, startedAt)
        startedAt = state === 'starting' ? (startedAt ?? at) : undefined
        from = to
        since = at
      }
    },
    transitions(subject) {
      if (subject) return [...(histories.get(keyOf(subject)) ?? [])]
      return [...histories.values()].flat().sort((a, b) => a.number - b.number)
    },
    stateOf: (subject) => histories.get(keyOf(subject))?.at(-1)?.to,
    starts: (tenant) => starts.get(tenant) ?? { count: 0, sumMs: 0 },
    follow(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

const keyOf = ({ kind, name }: Pick<Subject, 'kind' | 'name'>): string => `${kind}/${name}`

type MachineSnapshot = Snapshot<unknown> & {
  readonly value: StateValue
  readonly context: Readonly<Record<string, unknown>>
  hasTag(tag: PublicState): boolean
}
type StateValue = string | { readonly [key: string]: StateValue | undefined }

const pathOf = (value: StateValue | undefined): string => {
  if (value === undefined || typeof value === 'string') return value ?? ''
  return Object.entries(value)
    .map(([key, inner]) => [key, pathOf(inner)].filter((part) => part !== '').join('.'))
    .join(' ')
}

const whyOf = ({ failure, stopReason, lastExit }: Readonly<Record<string, unknown>>): string | undefined => {
  if (typeof stopReason === 'string') return `stopped: ${stopReason}`
  const { reason } = Object(failure)
  const { code, signal } = Object(lastExit)
  const exit = signal ? `ended by ${signal}` : typeof code === 'number' ? `exit code ${code}` : undefined
  const parts = [reason, exit].filter((part) => typeof part === 'string')
  return parts.length === 0 ? undefined : parts.join(', ')
}
