import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { createRecorder, type Recorder } from '../inspect/recorder.ts'
import { createTraffic, type Traffic } from '../inspect/traffic.ts'
import { VECTOR } from '../log/destinations.ts'
import { createPidDirectory } from '../process/leftovers.ts'
import { createPorts } from '../process/ports.ts'
import { createHostKeeper } from '../protocol/activity.ts'
import { allocateCounters, createGateKeeper, type GateKeeper } from '../protocol/counters.ts'
import type { SupervisorMessage, WorkerMessage } from '../protocol/messages.ts'
import { liveProcessMachine } from './actors/managed-process.ts'
import { liveTenantMachine } from './actors/tenant.ts'
import { createCgiChildren } from './cgi-children.ts'
import { type Ears, hear } from './ears.ts'
import { createHooks, type Hooks } from './hooks.ts'
import { createHost, type Host } from './host.ts'
import { type Listeners, openListeners } from './listeners.ts'
import { createManagedProcesses } from './managed-processes.ts'
import { createMemoryLimits, type MemoryLimits } from './memory-limits.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { createPublisher } from './publisher.ts'
import type { ReloadTargets } from './reload.ts'
import { watchRestartFiles } from './restart-watch.ts'
import { createSlots } from './slots.ts'
import { createStartPool, type PoolRules, type StartPool } from './start-pool.ts'
import type { SupervisorOptions } from './supervisor.ts'
import { createTenantRegistry, type TenantRegistry } from './tenant-registry.ts'
import { startTrafficSampler } from './traffic-sampler.ts'
import { keepWarm } from './warm-tenants.ts'
import { openWorkerThread } from './worker-pool.ts'
import { createWorkers, type Workers } from './workers.ts'

/** How long Vector is given to take the last lines before it is stopped. */
const VECTOR_DRAIN_MS = 1_000

/** A server's parts, joined but not started, and the steps of its life. Supervisor thread. */
export type Parts = ReloadTargets & {
  readonly gates: GateKeeper
  readonly workers: Workers
  readonly hooks: Hooks
  readonly traffic: Traffic
  readonly recorder: Recorder
  readonly memory: MemoryLimits
  config(): Config
  address(): Listeners['address']
  /** Ends what a killed supervisor left, starts managed processes, runs start hooks, then starts workers. */
  start(signal: AbortSignal): Promise<void>
  drain(): Promise<void>
  /** Tenants first, side by side; then stop hooks; then managed processes, one after the other in reverse. */
  stop(): Promise<void>
}

/**
 * Takes the listen address, then makes the parts. `takeUp` hears which file a `reload_config` names, and rejects when it is refused.
 * @throws NAV_LISTEN_FAILED
 */
export const assemble = async (options: SupervisorOptions, takeUp: (file: string) => Promise<void>): Promise<Parts> => {
  const { config } = options
  const now: Now = { config, listeners: await openListeners(config.server.listen, { isPortOurs: false }) }
  const stock = layIn(options, now)
  const crew = joinUp({ ...options, takeUp }, now, stock)
  return {
    log: options.log,
    gates: stock.gates,
    hooks: stock.hooks,
    traffic: stock.traffic,
    recorder: stock.recorder,
    memory: stock.memory,
    ...crew,
    ...reloading(options, now, stock, crew),
    ...lifeOf(options, now, stock, crew),
  }
}

/** What a reload changes. */
type Now = { config: Config; listeners: Listeners }

/** What tenants, processes and workers draw on. */
const layIn = ({ runtimeDirectory, ...options }: SupervisorOptions, now: Now) => {
  const workers = now.listeners.isShareable ? now.config.server.workers : 1
  const counters = allocateCounters(workers)
  const gates = createGateKeeper(counters, workers)
  const keeper = createHostKeeper(counters, workers)
  const pids = createPidDirectory(join(runtimeDirectory, 'processes'))
  const onLine = (source: string, stream: 'stdout' | 'stderr', line: string, tenant?: string) =>
    options.destinations.child({ source, stream, line, tenant })
  return {
    ...{ workers, counters, gates, keeper, pids, onLine },
    traffic: createTraffic(),
    recorder: createRecorder(),
    slots: createSlots(gates.read),
    memory: createMemoryLimits(options.openMemoryGroups, options.log),
    ports: createPorts(portsOf(now.config)),
    hooks: createHooks({ env: options.env, pids, log: options.log, onLine }),
  }
}

type Stock = ReturnType<typeof layIn>
type Crew = Pick<Parts, 'registry' | 'processes' | 'workers'> & {
  readonly pool: StartPool
  readonly passwords: Passwords
  readonly host: Host
  readonly publish: () => void
}

/** They know each other by functions: each is made before all it may talk to. */
const joinUp = (options: SupervisorOptions & { takeUp(file: string): Promise<void> }, now: Now, stock: Stock): Crew => {
  const { env, log, workerUrl: url, destinations, takeUp, signalSelf } = options
  const { gates, counters, keeper, hooks, pids, recorder, traffic, onLine } = stock
  const pool = createStartPool(
    poolRules(
      () => now.config,
      () => registry,
    ),
  )
  const processMachine = liveProcessMachine({
    ...{ env, pids, onLine },
    configOf: (id) => processes.configOf(id),
    awaitDependencies: (id, signal) => processes.awaitDependencies(id, signal),
  })
  const processes = createManagedProcesses({
    machine: () => processMachine,
    log,
    recorder,
    // The others are gone by then, as it has started before them, and their last lines are to reach it.
    beforeStop: (config) => (config.name === VECTOR ? destinations.drained(VECTOR_DRAIN_MS) : undefined),
  })
  const tenantMachine = liveTenantMachine({
    ...{ env, pool, ...stock },
    configOf: (id) => registry.configOf(id),
    onLine: (tenant, stream, line) => onLine(tenant, stream, line, tenant),
  })
  const registry = createTenantRegistry({
    ...{ gates, log, recorder, tenants: now.config.tenants },
    machine: () => tenantMachine,
    drainMs: () => now.config.server.timeouts.drain,
    onMoved: (name) => publisher.moved(name),
    onIdle: pool.reconsider,
  })
  const { standing, standings } = registry
  const tell = (message: SupervisorMessage) => workers.tell(message)
  const publisher = createPublisher({ config: () => now.config, standing, standings, tell })
  const passwords = createPasswords({ log, changed: (file) => tell({ type: 'passwords.changed', file }) })
  const cgi = createCgiChildren({ pids, log, onLine })
  const host = createHost({ ...{ env, recorder, keeper, hooks, log, tell, signalSelf }, config: () => now.config, reload: takeUp })
  // Refusals have been logged.
  const requestReload = (file: string) => void takeUp(file).catch(() => {})
  const ears: Ears = {
    log,
    registry,
    cgi,
    passwords,
    host,
    traffic,
    writeAccess: destinations.access,
    requestReload,
    workers: () => workers,
  }
  const onMessage = (worker: number, message: WorkerMessage) => hear(worker, message, ears)
  const cable = `navigator-cable-${randomUUID()}`
  const thread = { url, counters, gates, cable, listeners: () => now.listeners, routing: publisher.snapshot, onMessage }
  const open = (worker: number) => {
    const opened = openWorkerThread(thread, worker)
    void opened.ended.then(() => {
      cgi.workerGone(worker)
      keeper.clearRow(worker)
    })
    return opened
  }
  const workers = createWorkers({ count: stock.workers, log, recorder, open })
  return { pool, passwords, processes, registry, workers, host, publish: publisher.publish }
}

type Reloading = Pick<Parts, 'adopt' | 'listenAnew' | 'config' | 'address'>

const reloading = ({ destinations }: SupervisorOptions, now: Now, { ports }: Stock, crew: Crew): Reloading => ({
  config: () => now.config,
  address: () => now.listeners.address,
  adopt(next) {
    now.config = next
    crew.passwords.adopt(next)
    destinations.adopt(next.logging)
    ports.setRange(portsOf(next))
    crew.pool.reconsider()
    crew.host.retune()
  },
  async listenAnew({ server: { listen } }) {
    const next = await openListeners(listen, { isPortOurs: listen.port === now.listeners.address.port })
    crew.workers.moveTo(next)
    now.listeners[Symbol.dispose]()
    now.listeners = next
    return next.address
  },
})

const lifeOf = ({ log }: SupervisorOptions, now: Now, stock: Stock, crew: Crew): Pick<Parts, 'start' | 'drain' | 'stop'> => {
  const { registry, processes, workers, passwords, host } = crew
  const ticking = new DisposableStack()
  return {
    async start(signal) {
      passwords.adopt(now.config)
      await stock.pids.endLeftovers(log)
      signal.throwIfAborted()
      await processes.startAll(now.config.managed_processes)
      await stock.hooks.runServer('start', now.config.hooks?.server.start ?? [], signal)
      signal.throwIfAborted()
      await workers.startAll()
      ticking.use(startTrafficSampler(stock.gates, registry.generations))
      ticking.use(stock.memory.watch(registry.generations))
      ticking.use(watchRestartFiles({ registry, log }))
      ticking.use(keepWarm(() => now.config.tenants, registry))
      host.start()
    },
    drain() {
      host.stop()
      return workers.drainAll(now.config.server.timeouts.drain)
    },
    async stop() {
      try {
        host.stop()
        await workers.drainAll(0)
        await registry.stopAll('shutdown')
        await runStopHooks(now.config, stock.hooks)
        await processes.stopAll()
      } finally {
        ticking.dispose()
        await passwords.close()
        now.listeners[Symbol.dispose]()
      }
    },
  }
}

/** Nothing calls them off but a second signal: they are what must be done before the end. A failure has been logged. */
const runStopHooks = ({ hooks }: Config, runner: Hooks): Promise<void> =>
  runner.runServer('stop', hooks?.server.stop ?? [], new AbortController().signal).catch(() => {})

const portsOf = ({ applications: { pools } }: Config) => ({ from: pools.start_port, to: pools.end_port })

const poolRules = (config: () => Config, registry: () => TenantRegistry): PoolRules => ({
  startConcurrency: () => config().applications.pools.start_concurrency,
  maxAwake: () => config().applications.pools.max_size ?? Number.POSITIVE_INFINITY,
  countLeaving: () => [...registry().generations()].filter(({ state }) => state === 'stopping').length,
  evictIdle() {
    const idle = [...registry().generations()].filter(({ state }) => state === 'idle').sort((a, b) => a.since - b.since)
    idle[0]?.send({ type: 'tenant.stop', reason: 'eviction' })
    return idle.length > 0
  },
})
