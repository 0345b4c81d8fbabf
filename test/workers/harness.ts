import { randomUUID } from 'node:crypto'
import * as net from 'node:net'
import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads'
import type { ReverseProxyConfig, TimeoutsConfig } from '../../src/config/config.ts'
import { createHostKeeper, type HostKeeper } from '../../src/protocol/activity.ts'
import { allocateCounters, createGateKeeper, type GateKeeper, type TrafficReading } from '../../src/protocol/counters.ts'
import type { SupervisorMessage, WorkerMessage } from '../../src/protocol/messages.ts'
import type { RoutingSnapshot, TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import accept, { runWorker } from '../../workers/acceptor.ts'
import { FullLane } from '../../workers/full-lane/full-lane.ts'
import { staticConfig } from './files/site.ts'

export * from './client.ts'
export * from './upstreams.ts'

export type AccessLine = Readonly<Record<string, string | number>>

/** A worker under test. Stop it with `await using` or `stop()`. */
export type Site = {
  readonly port: number
  readonly origin: string
  readonly gates: GateKeeper
  readonly host: HostKeeper
  /** Messages of the worker so far, in order. */
  readonly messages: readonly WorkerMessage[]
  /** Access-log lines so far. */
  readonly lines: readonly AccessLine[]
  send(message: SupervisorMessage): void
  /** Opens the tenant's gate to `port` and tells the worker. Gives the ticket. */
  wake(tenant: string, port: number): number
  /** Closes the tenant's gate and tells the worker. */
  sleep(tenant: string): void
  traffic(tenant: string): TrafficReading
  /** The next message the test has not yet waited for, of this type. */
  message<T extends WorkerMessage['type']>(type: T): Promise<Extract<WorkerMessage, { type: T }>>
  /** The first line, past or coming, that fits. */
  line(fits: (line: AccessLine) => boolean): Promise<AccessLine>
  /** Gives the worker another socket to listen on, and waits until it does. */
  replaceListener(bound: net.BoundSocket): Promise<void>
  drain(graceMs: number): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Which lanes carry: both, as in a real worker, or the full lane alone. */
export type Lanes = 'both' | 'full'

let lanesByDefault: Lanes = 'both'

/** For sites whose options do not say otherwise, in the rest of the test file. */
export const carryIn = (lanes: Lanes): void => {
  lanesByDefault = lanes
}

export type SiteOptions = {
  readonly lanes?: Lanes
  readonly tenants?: readonly (Partial<TenantRoute> & { readonly name: string; readonly port?: number })[]
  readonly server?: Partial<Omit<RoutingSnapshot['server'], 'timeouts'>>
  readonly timeouts?: Partial<TimeoutsConfig>
  readonly queue?: Partial<RoutingSnapshot['queue']>
  readonly maintenance?: RoutingSnapshot['maintenance']
  readonly auth?: Partial<RoutingSnapshot['auth']>
  readonly routes?: Partial<RoutingSnapshot['routes']>
  readonly rate_limiting?: NonNullable<RoutingSnapshot['rate_limiting']>
  readonly cable?: Partial<NonNullable<RoutingSnapshot['cable']>>
  /** What workers of one navigator have in common. */
  readonly channel?: string
  readonly reverse_proxies?: readonly (Partial<ReverseProxyConfig> & { readonly target: string })[]
}

/** A routing snapshot with the defaults of a small site. Tenants with a `port` are not awake by that alone. */
export const snapshotOf = (options: SiteOptions, version = 1): RoutingSnapshot => ({
  version,
  server: {
    listen: { host: '127.0.0.1', port: 0 },
    workers: 1,
    root_path: '',
    trust_proxy: false,
    static: staticConfig(),
    ...options.server,
    timeouts: { header: 10_000, keep_alive: 5_000, idle: 0, connect: 2_000, response: 10_000, drain: 5_000, ...options.timeouts },
  },
  maintenance: options.maintenance ?? { enabled: false },
  auth: { enabled: false, realm: 'Restricted', public_paths: [], auth_patterns: [], ...options.auth },
  routes: { reverse_proxies: (options.reverse_proxies ?? []).map(reverseProxy), ...options.routes },
  ...(options.rate_limiting && { rate_limiting: options.rate_limiting }),
  ...(options.cable && {
    cable: { enabled: true, path: '/cable', broadcast_path: '/_broadcast', allowed_origins: [], yields: false, ...options.cable },
  }),
  queue: { max_size: 100, timeout: 10_000, ...options.queue },
  tenants: (options.tenants ?? []).map(({ port: _, ...tenant }) => ({
    path: `/${tenant.name}/`,
    startup_timeout: 5_000,
    track_websockets: true,
    ...tenant,
  })),
  standings: [],
})

/** A rule with the defaults of the configuration. */
export const reverseProxy = (rule: Partial<ReverseProxyConfig> & { readonly target: string }): ReverseProxyConfig => ({
  name: 'rule',
  strip_path: false,
  headers: {},
  response_headers: {},
  websocket: false,
  ...rule,
})

/** Starts a worker in this thread and waits until it listens. Tenants with a `port` are awake. */
export const startSite = async (options: SiteOptions = {}): Promise<Site> => {
  const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 })
  const { port } = bound.address()
  const { port1: supervisor, port2: worker } = new MessageChannel()
  const counters = allocateCounters(1)
  const inbox = createInbox(supervisor)
  const cable = options.channel ?? randomUUID()
  const birth = { worker: 0, port: worker, sockets: [bound], counters, cable, routing: snapshotOf(options) }
  const isFullLaneAlone = (options.lanes ?? lanesByDefault) === 'full'
  const done = isFullLaneAlone ? runWorker(birth, (parts) => new FullLane(parts)) : accept(birth)
  const site = createSite({ port, supervisor, gates: createGateKeeper(counters, 1), host: createHostKeeper(counters, 1), inbox, done })
  await Promise.race([inbox.message('worker.listening'), done])
  for (const tenant of options.tenants ?? []) if (tenant.port !== undefined) site.wake(tenant.name, tenant.port)
  return site
}

type Inbox = Pick<Site, 'messages' | 'lines' | 'message' | 'line'>

const createSite = (parts: {
  port: number
  supervisor: MessagePort
  gates: GateKeeper
  host: HostKeeper
  inbox: Inbox
  done: Promise<void>
}): Site => {
  const { port, supervisor, gates, host, inbox, done } = parts
  const slots = new Map<string, number>()
  const send = (message: SupervisorMessage): void => supervisor.postMessage(message)
  const slotOf = (tenant: string): number => {
    const slot = slots.get(tenant) ?? slots.size
    slots.set(tenant, slot)
    return slot
  }
  const drain = async (graceMs: number): Promise<void> => {
    send({ type: 'worker.drain', graceMs })
    await done
  }
  const stop = (): Promise<void> => drain(0)

  return {
    ...inbox,
    port,
    origin: `http://127.0.0.1:${port}`,
    gates,
    host,
    send,
    wake(tenant, upstreamPort) {
      const slot = slotOf(tenant)
      const ticket = gates.open(slot, upstreamPort)
      send({ type: 'tenant.moved', standing: { name: tenant, state: 'ready', admission: { slot, ticket } } })
      return ticket
    },
    sleep(tenant) {
      gates.close(slotOf(tenant))
      send({ type: 'tenant.moved', standing: { name: tenant, state: 'stopped' } })
    },
    traffic: (tenant) => gates.read(slotOf(tenant)),
    async replaceListener(bound) {
      supervisor.postMessage({ type: 'listener.replaced', sockets: [bound] } satisfies SupervisorMessage, [
        bound as unknown as Transferable,
      ])
      await inbox.message('worker.listening')
    },
    drain,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const createInbox = (supervisor: MessagePort): Inbox => {
  const messages: WorkerMessage[] = []
  const unread: WorkerMessage[] = []
  const lines: AccessLine[] = []
  const wakers = new Set<() => void>()
  supervisor.on('message', (message: WorkerMessage) => {
    messages.push(message)
    unread.push(message)
    if (message.type === 'log.lines') lines.push(...parseLines(message.bytes))
    for (const wake of wakers) wake()
  })
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const wake = (): void => {
        const found = look()
        if (found === undefined) return
        wakers.delete(wake)
        resolve(found)
      }
      wakers.add(wake)
      wake()
    })

  return {
    messages,
    lines,
    message: <T extends WorkerMessage['type']>(type: T) =>
      until(() => {
        const index = unread.findIndex((message) => message.type === type)
        return index === -1 ? undefined : (unread.splice(index, 1)[0] as Extract<WorkerMessage, { type: T }>)
      }),
    line: (fits) => until(() => lines.find(fits)),
  }
}

const parseLines = (bytes: Uint8Array): AccessLine[] =>
  Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
