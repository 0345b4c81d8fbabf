import type { AnyEventObject } from 'xstate'
import type { ProcessExit } from '../../../machines/backoff.ts'
import type { ProcessCommand } from '../../../machines/tenant-facts.ts'
import { NavigatorError } from '../../errors.ts'
import type { PidDirectory } from '../../process/leftovers.ts'
import { type ProcessSpec, type RunningProcess, startProcess } from '../../process/run.ts'

/** What a process needs, and how what was lent for it is given back. */
export type Launch<Facts> = { readonly spec: ProcessSpec; readonly facts: Facts } & Disposable

/** What a process actor tells its machine: `process.started` at most once, then `process.exited` exactly once. */
export type ChildEvent<Facts> =
  | { type: 'process.started'; running: Facts & { readonly pid: number } }
  | { type: 'process.exited'; exit: ProcessExit }

type Line = { sendBack(event: AnyEventObject): void; receive(listener: (command: ProcessCommand) => void): void }

/**
 * The life of a child process as a callback actor: starts it, passes on the machine's signals, reports its exit.
 * The cleanup it gives kills what still runs; what was lent is given back when nothing is left of it. Supervisor thread.
 */
export const liveChild = <Facts>(prepare: () => Promise<Launch<Facts>>, pids: PidDirectory, { sendBack, receive }: Line): (() => void) => {
  let child: RunningProcess | undefined
  let isAbandoned = false
  let ordered: NodeJS.Signals | undefined
  const tell = (event: ChildEvent<Facts>) => {
    if (!isAbandoned) sendBack(event)
  }

  const live = async (): Promise<void> => {
    using launch = await prepare()
    await using process = await startProcess(launch.spec)
    pids.record(launch.spec.name, process.pid)
    child = process
    // The order to stop may have come while the process was being started.
    if (isAbandoned) process.signal('SIGKILL')
    else if (ordered) process.signal(ordered)
    tell({ type: 'process.started', running: { ...launch.facts, pid: process.pid } })
    const exit = { ...(await process.exited), ...chanceNow(), tail: process.tail() }
    // Stopped is stopped when all of its group is: a shell ends at once, the app it started takes its time.
    if (ordered) await process.gone
    // What a crash leaves behind is ended by src/process, gently.
    child = undefined
    tell({ type: 'process.exited', exit })
    await process.gone
    pids.forget(process.pid)
  }

  receive(({ type }) => {
    ordered = type === 'process.kill' ? 'SIGKILL' : 'SIGTERM'
    child?.signal(ordered)
  })
  live().catch((error: unknown) => tell({ type: 'process.exited', exit: neverRan(error) }))
  return () => {
    isAbandoned = true
    child?.signal('SIGKILL')
  }
}

const chanceNow = () => ({ at: Date.now(), chance: Math.random() })

const neverRan = (error: unknown): ProcessExit => ({
  code: null,
  signal: null,
  ...chanceNow(),
  tail: [],
  startError: error instanceof NavigatorError ? error.toString() : String(error),
})
