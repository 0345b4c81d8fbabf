import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { formatChildLine } from '../log/child-output.ts'
import { createPidDirectory } from '../process/leftovers.ts'
import { createPorts } from '../process/ports.ts'
import { allocateCounters, createGateKeeper, type GateKeeper } from '../protocol/counters.ts'
import { unreachable, type WorkerMessage } from '../protocol/messages.ts'
import { liveProcessMachine } from './actors/managed-process.ts'
import { liveTenantMachine } from './actors/tenant.ts'
import { type Listeners, openListeners } from './listeners.ts'
import { createManagedProcesses } from './managed-processes.ts'
import { createPublisher } from './publisher.ts'
import type { ReloadTargets } from './reload.ts'
import { createSlots } from './slots.ts'
import { createStartPool, type PoolRules } from './start-pool.ts'
import type { SupervisorOptions } from './supervisor.ts'
import { createTenantRegistry, type TenantRegistry } from './tenant-registry.ts'
import { startTrafficSampler } from './traffic-sampler.ts'
import { openWorkerThread } from './worker-pool.ts'
import { createWorkers, type Workers } from './workers.ts'

/** A server's parts, joined but not started, and the steps of its life. Supervisor thread. */
export type Parts = ReloadTargets & {
  readonly gates: GateKeeper
  readonly workers: Workers
  config(): Config
  address(): Listeners['address']
  /** Ends what a killed supervisor left, starts managed processes, then workers. */
  start(): Promise<void>
  drain(): Promise<void>
  /** Tenants first, side by side; then managed processes, one after the other in reverse. */
  stop(): Promise<void>
}

/**
 * Takes the listen address, then makes the parts.
 * @throws NAV_LISTEN_FAILED
 */
export const assemble = async (options: SupervisorOptions): Promise<Parts> => {
  const { log, env } = options
  let { config } = options
  let listeners = await openListeners(config.server.listen, { isPortOurs: false })
  const count = listeners.isShareable ? config.server.workers : 1
  const counters = allocateCounters(count)
  const gates = createGateKeeper(counters, count)
  const pids = createPidDirectory(join(options.runtimeDirectory, 'processes'))
  const { start_port: from, end_port: to } = config.applications.pools
  const ports = createPorts({ from, to })
  const slots = createSlots(gates.read)
  const onLine = (source: string, stream: 'stdout' | 'stderr', line: string, tenant?: string) => {
    const colour = options.isColoured ?? false
    options.writeLine(formatChildLine(config.logging.format, source, stream, line, { colour, ...(tenant === undefined ? {} : { tenant }) }))
  }

  const pool = createStartPool(
    poolRules(
      () => config,
      () => registry,
    ),
  )
  const processMachine = liveProcessMachine({ env, pids, configOf: (id) => processes.configOf(id), onLine })
  const processes = createManagedProcesses({ machine: () => processMachine, log })
  const tenantMachine = liveTenantMachine({
    ...{ env, ports, slots, pool, gates, pids },
    configOf: (id) => registry.configOf(id),
    onLine: (tenant, stream, line) => onLine(tenant, stream, line, tenant),
  })
  const registry = createTenantRegistry({
    tenants: config.tenants,
    ...{ gates, log },
    machine: () => tenantMachine,
    drainMs: () => config.server.timeouts.drain,
    onMoved: (name) => publisher.moved(name),
    onIdle: pool.reconsider,
  })
  const publisher = createPublisher({
    config: () => config,
    standing: registry.standing,
    standings: registry.standings,
    tell: (message) => workers.tell(message),
  })
  const onMessage = (worker: number, message: WorkerMessage) =>
    hear(message, { registry, writeAccess: options.writeAccess, listening: () => workers.listening(worker) })
  const thread = { url: options.workerUrl, counters, gates, listeners: () => listeners, routing: publisher.snapshot, onMessage }
  const workers = createWorkers({ count, log, open: (worker) => openWorkerThread(thread, worker) })
  const stack = new DisposableStack()

  return {
    ...{ gates, registry, processes, workers, log },
    publish: publisher.publish,
    config: () => config,
    address: () => listeners.address,
    adopt(next) {
      config = next
      ports.setRange({ from: next.applications.pools.start_port, to: next.applications.pools.end_port })
      pool.reconsider()
    },
    async listenAnew({ server }) {
      const next = await openListeners(server.listen, { isPortOurs: server.listen.port === listeners.address.port })
      workers.moveTo(next)
      listeners[Symbol.dispose]()
      listeners = next
      return next.address
    },
    async start() {
      await pids.endLeftovers(log)
      await processes.startAll(config.managed_processes)
      await workers.startAll()
      stack.use(startTrafficSampler(gates, registry.generations))
    },
    drain: () => workers.drainAll(config.server.timeouts.drain),
    async stop() {
      try {
        await workers.drainAll(0)
        await registry.stopAll('shutdown')
        await processes.stopAll()
      } finally {
        stack.dispose()
        listeners[Symbol.dispose]()
      }
    },
  }
}

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

type Ears = { readonly registry: TenantRegistry; writeAccess(bytes: Uint8Array): void; listening(): void }

const hear = (message: WorkerMessage, { registry, writeAccess, listening }: Ears): void => {
  switch (message.type) {
    case 'worker.listening':
      listening()
      break
    case 'tenant.requested':
      registry.wake(message.tenant)
      break
    case 'tenant.refused':
      registry.refuse(message.tenant, message.ticket)
      break
    case 'log.lines':
      writeAccess(message.bytes)
      break
    default:
      unreachable(message)
  }
}
