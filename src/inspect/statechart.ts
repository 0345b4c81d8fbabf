import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { hostMachine } from '../../machines/host.ts'
import { processMachine } from '../../machines/process.ts'
import { serverMachine } from '../../machines/server.ts'
import { tenantMachine } from '../../machines/tenant.ts'
import { workerMachine } from '../../machines/worker.ts'
import { eventName } from './event-name.ts'

/** A state of a machine, as plain data, read from the machine itself. */
export type ChartState = {
  /** `running.serving.ready`; '' for the machine. */
  readonly path: string
  readonly name: string
  readonly isFinal: boolean
  readonly initial?: string
  readonly tags: readonly string[]
  /** Names of the actors that live as long as the state. */
  readonly invokes: readonly string[]
  readonly states: readonly ChartState[]
}

/** An arrow between two states. One that only acts, and stays where it is, is left out. */
export type ChartArrow = { readonly from: string; readonly to: string; readonly event: string; readonly guard?: string }

export type Chart = { readonly id: string; readonly root: ChartState; readonly arrows: readonly ChartArrow[] }

/** The statechart of a kind of machine. Nothing in it is drawn by hand. */
export const chartFor = (kind: string): Chart | undefined => {
  const machine = MACHINES[kind]
  return machine && { id: machine.id, root: stateOf(machine.root), arrows: arrowsOf(machine.root) }
}

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  tenant: tenantMachine,
  process: processMachine,
  worker: workerMachine,
  server: serverMachine,
  host: hostMachine,
}

/** All kinds that have a chart. */
export const CHARTED: readonly string[] = Object.keys(MACHINES)

/** Its states as lines, indented, those that are active marked. */
export const outlineOf = ({ root }: Chart, active: string): readonly { readonly text: string; readonly isActive: boolean }[] => {
  const walk = (state: ChartState, depth: number): readonly { text: string; isActive: boolean }[] => {
    const isActive = active === state.path || active.startsWith(`${state.path}.`)
    const line = { text: `${'  '.repeat(depth)}${isActive ? '●' : '○'} ${state.name}`, isActive }
    return [line, ...state.states.flatMap((inner) => walk(inner, depth + 1))]
  }
  return root.states.flatMap((state) => walk(state, 0))
}

const pathOf = (node: AnyStateNode): string => node.path.join('.')

const stateOf = (node: AnyStateNode): ChartState => {
  const initial = node.initial?.target?.[0]
  return {
    path: pathOf(node),
    name: node.key,
    isFinal: node.type === 'final',
    ...(initial ? { initial: pathOf(initial) } : {}),
    tags: node.tags,
    invokes: node.invoke.map(({ id }) => id),
    states: Object.values(node.states as Record<string, AnyStateNode>).map(stateOf),
  }
}

const arrowsOf = (node: AnyStateNode): readonly ChartArrow[] => {
  const own = [...node.transitions.values(), node.always ?? []].flat()
  const arrows = own.flatMap(({ target, eventType, guard }) =>
    (target ?? []).map((to) => ({
      from: pathOf(node),
      to: pathOf(to),
      event: eventName(eventType),
      ...(guard === undefined ? {} : { guard: typeof guard === 'string' ? guard : String(Object(guard).type ?? 'guard') }),
    })),
  )
  return [...arrows, ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(arrowsOf)]
}
