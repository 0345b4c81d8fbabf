import { type Actor, createActor, type SnapshotFrom, toPromise, waitFor } from 'xstate'
import { isRestarted, type ProcessInput, type ProcessMachine } from '../../machines/process.ts'
import { publicStateOf } from '../../machines/public-state.ts'
import type { ManagedProcessConfig } from '../config/config.ts'
import type { Recorder } from '../inspect/recorder.ts'
import type { Logger } from '../log/logger.ts'
import type { PublicState } from '../protocol/routing-snapshot.ts'
import type { ChangedNames, ReloadFailure } from './report.ts'

/** The managed processes, in the order of the file. Supervisor thread. */
export type ManagedProcesses = {
  configOf(id: string): ManagedProcessConfig
  /**
   * Starts each when the one before runs, as its health check has it, or has failed to; one with a start delay, or that depends on
   * one that has failed, is not waited for.
   * A failure is logged, and retried by its machine.
   */
  startAll(configs: readonly ManagedProcessConfig[]): Promise<void>
  /** Starts what is new, stops what is gone, stops and starts what changed. Gives what did not run at once. */
  apply(configs: readonly ManagedProcessConfig[], diff: ChangedNames): Promise<readonly ReloadFailure[]>
  /** In reverse order, each when the one after it is gone. None starts from now on. */
  stopAll(): Promise<void>
  all(): readonly Managed[]
  /** Resolves when all that the generation with this id depends on are ready, or have done their work. @throws the signal's reason. */
  awaitDependencies(id: string, signal: AbortSignal): Promise<void>
  /** Stops it, if it runs, and starts it anew. Nothing happens for an unknown name. */
  restart(name: string): Promise<void>
}

/** One of them, as it is now. */
export type Managed = {
  readonly config: ManagedProcessConfig
  readonly state: PublicState
  readonly since: number
  readonly snapshot: SnapshotFrom<ProcessMachine>
}

/** What they are made from. */
export type ManagedProcessesSpec = {
  machine(): ProcessMachine
  readonly log: Logger
  readonly recorder: Recorder
  /** What has to be done while it still runs. Must end soon. */
  beforeStop?(config: ManagedProcessConfig): Promise<void> | undefined
}

export const createManagedProcesses = ({ machine, log, recorder, beforeStop }: ManagedProcessesSpec): ManagedProcesses => {
  const running = new Map<string, Running>()
  const configs = new Map<string, ManagedProcessConfig>()
  const listeners = new Set<() => void>()
  const isMet = (name: string) => running.has(name) && isDone(running.get(name)!)
  const onMoved = () => {
    for (const listener of listeners) listener()
  }
  let born = 0
  let isClosed = false

  const start = async (config: ManagedProcessConfig): Promise<Running> => {
    const id = `${config.name}#${++born}`
    configs.set(id, config)
    const process = launch(id, config, machine(), { log, recorder, onMoved })
    running.set(config.name, process)
    const isFree = config.start_delay === 0 && (config.depends_on ?? []).every(isMet)
    if (isFree) await waitFor(process.actor, (snapshot) => !snapshot.hasTag('starting'))
    return process
  }

  const stop = async (name: string): Promise<void> => {
    const process = running.get(name)
    if (!process) return
    await beforeStop?.(process.config)
    process.actor.send({ type: 'process.stop' })
    await toPromise(process.actor)
    running.delete(name)
    configs.delete(process.id)
  }

  const restart = async (config: ManagedProcessConfig): Promise<readonly ReloadFailure[]> => {
    await stop(config.name)
    if (isClosed) return []
    const { context } = (await start(config)).actor.getSnapshot()
    return context.failure ? [{ kind: 'process', name: config.name, reason: context.failure.reason }] : []
  }

  return {
    configOf: (id) => configs.get(id)!,
    all: () => [...running.values()],
    async awaitDependencies(id, signal) {
      const names = configs.get(id)!.depends_on ?? []
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = () => {
        if (names.every(isMet)) resolve()
      }
      listeners.add(look)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      look()
      await promise.finally(() => listeners.delete(look))
    },
    async restart(name) {
      const process = running.get(name)
      if (process) await restart(process.config)
    },
    async startAll(wanted) {
      for (const config of wanted) await start(config)
    },
    async apply(wanted, { added, removed, changed, retuned }) {
      for (const name of [...removed].reverse()) await stop(name)
      for (const config of wanted.filter(({ name }) => retuned.includes(name))) retune(running.get(config.name)!, config)
      const fresh = wanted.filter(({ name }) => added.includes(name) || changed.includes(name))
      const failures: ReloadFailure[] = []
      for (const config of fresh) {
        if (!isClosed) failures.push(...(await restart(config)))
      }
      reorder(running, wanted)
      return failures
    },
    async stopAll() {
      isClosed = true
      for (const name of [...running.keys()].reverse()) await stop(name)
    },
  }
}

type Running = Omit<Managed, 'config'> & { config: ManagedProcessConfig; readonly id: string; readonly actor: Actor<ProcessMachine> }

/** One that has done its work has ended with code 0. */
const isDone = ({ state, snapshot }: Running): boolean =>
  state === 'ready' || (state === 'stopped' && snapshot.context.lastExit?.code === 0)

const timesOf = (config: ManagedProcessConfig) => ({
  stopTimeoutMs: config.stop_timeout,
  isRestarted: config.auto_restart,
  restartLimit: config.restart_limit ?? Number.POSITIVE_INFINITY,
})

const inputOf = (id: string, config: ManagedProcessConfig): ProcessInput => ({
  id,
  ...timesOf(config),
  startDelayMs: config.start_delay,
  isDependent: (config.depends_on ?? []).length > 0,
  isProbed: config.health_check !== undefined,
  readyTimeoutMs: config.health_check?.timeout ?? 0,
})

const retune = (process: Running, config: ManagedProcessConfig): void => {
  process.config = config
  process.actor.send({ type: 'process.retuned', ...timesOf(config) })
}

type Watching = Pick<ManagedProcessesSpec, 'log' | 'recorder'> & { onMoved(): void }

const launch = (id: string, config: ManagedProcessConfig, machine: ProcessMachine, { log, recorder, onMoved }: Watching): Running => {
  const input = inputOf(id, config)
  const actor = createActor(machine, { input, inspect: recorder.observe({ kind: 'process', name: config.name, generation: id }) })
  let state: PublicState = 'stopped'
  let since = Date.now()
  actor.subscribe({
    next(snapshot) {
      const next = publicStateOf(snapshot)
      if (next === state) return
      state = next
      since = Date.now()
      logProcess(log, config, snapshot)
      onMoved()
    },
    error: (error) => log.error({ process: config.name, err: error }, 'process machine failed'),
  })
  actor.start()
  actor.send({ type: 'process.start' })
  return {
    id,
    config,
    actor,
    get state() {
      return state
    },
    get since() {
      return since
    },
    get snapshot() {
      return actor.getSnapshot()
    },
  }
}

const logProcess = (log: Logger, config: ManagedProcessConfig, snapshot: SnapshotFrom<ProcessMachine>): void => {
  const { pid, lastExit, failure, failures, backoffMs, lastTail: tail } = snapshot.context
  const fields = { process: config.name }
  switch (publicStateOf(snapshot)) {
    case 'ready':
      log.info({ ...fields, pid }, 'process started')
      break
    case 'stopping':
      log.info(fields, 'stopping process')
      break
    case 'stopped':
      log.info({ ...fields, code: lastExit?.code }, 'process stopped')
      break
    case 'crashed': {
      const retry = isRestarted(snapshot.context) ? { retryInMs: backoffMs } : {}
      log.error({ ...fields, reason: failure?.reason, failures, ...retry, tail }, 'process failed')
    }
  }
}

/** Stopping goes by the order of the file as it is now. */
const reorder = (running: Map<string, Running>, wanted: readonly ManagedProcessConfig[]): void => {
  for (const { name } of wanted) {
    const process = running.get(name)
    if (!process) continue
    running.delete(name)
    running.set(name, process)
  }
}
