import type { SnapshotFrom } from 'xstate'
import type { ProcessMachine } from '../../machines/process.ts'
import type { TenantConfig } from '../config/config.ts'
import { readUsage } from '../process/usage.ts'
import type { GateKeeper } from '../protocol/counters.ts'
import type { Managed, ManagedProcesses } from './managed-processes.ts'
import type { MemoryLimits } from './memory-limits.ts'
import type { PsRow } from './report.ts'
import type { TenantRegistry } from './tenant-registry.ts'
import type { WorkerRow, Workers } from './workers.ts'

/** Where the rows come from. */
export type PsSources = {
  readonly tenants: readonly TenantConfig[]
  readonly registry: TenantRegistry
  readonly memory: Pick<MemoryLimits, 'oomKills'>
  readonly processes: ManagedProcesses
  readonly workers: Workers
  readonly gates: GateKeeper
  /** Epoch ms. */
  readonly startedAt: number
}

/** The rows of `ps` as of now, with what each process takes. Supervisor thread. */
export const readRows = async ({
  tenants,
  registry,
  memory,
  processes,
  workers,
  gates,
  startedAt,
}: PsSources): Promise<readonly PsRow[]> => {
  const rows = [
    ...tenants.map((tenant) => ({ ...tenantRow(tenant.name, { registry, gates, startedAt }), ...limitOf(tenant, memory) })),
    ...processes.all().map(processRow),
    ...workers.all().map(workerRow),
  ]
  const usage = await readUsage(rows.flatMap(({ pid }) => (pid === undefined ? [] : [pid])))
  return rows.map((row) => ({ ...row, ...(row.pid === undefined ? {} : usage.get(row.pid)) }))
}

const limitOf = ({ name, memory_limit }: TenantConfig, memory: PsSources['memory']): Partial<PsRow> => {
  const oomKills = memory.oomKills(name)
  return { ...(memory_limit === undefined ? {} : { memoryLimitBytes: memory_limit }), ...(oomKills === 0 ? {} : { oomKills }) }
}

const none = { inFlight: 0, sockets: 0, requests: 0, restarts: 0 }

const tenantRow = (name: string, { registry, gates, startedAt }: Pick<PsSources, 'registry' | 'gates' | 'startedAt'>): PsRow => {
  const generation = registry.current(name)
  const { requests, crashes: restarts } = registry.tally(name)
  if (!generation) return { kind: 'tenant', name, state: 'stopped', since: startedAt, ...none, requests, restarts }
  const { state, since } = generation
  const { running, stopReason, ...rest } = generation.context()
  const { inFlight, sockets } = running ? gates.read(running.slot) : none
  return {
    kind: 'tenant',
    name,
    state,
    since,
    ...(running ? { pid: running.pid, port: running.port } : {}),
    inFlight,
    sockets,
    requests,
    restarts,
    ...(stopReason === undefined ? {} : { stopReason }),
    ...troubles(rest),
  }
}

const processRow = ({ config, state, since, snapshot }: Managed): PsRow => {
  const { pid, crashes, ...rest } = snapshot.context
  return {
    kind: 'process',
    name: config.name,
    state,
    since,
    ...(pid === undefined ? {} : { pid }),
    ...none,
    restarts: crashes,
    ...troubles(rest),
  }
}

const workerRow = ({ worker, state, since, snapshot }: WorkerRow): PsRow => {
  const { crashes, failure } = snapshot.context
  return { kind: 'worker', name: String(worker), state, since, ...none, restarts: crashes, ...(failure ? { failure } : {}) }
}

type Troubles = Pick<SnapshotFrom<ProcessMachine>['context'], 'lastExit' | 'failure' | 'lastTail'>

const troubles = ({ lastExit, failure, lastTail }: Troubles): Partial<PsRow> => ({
  ...(lastExit === undefined ? {} : { lastExit }),
  ...(failure === undefined ? {} : { failure }),
  ...(lastTail.length === 0 ? {} : { tail: lastTail }),
})
