/** A worker in this process, with a supervisor that does what the test says, and real upstreams. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as net from 'node:net'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { ReverseProxyConfig, TimeoutsConfig } from '../../src/config/config.ts'
import { allocateCounters, createGateKeeper, type GateKeeper, type TrafficReading } from '../../src/protocol/counters.ts'
import type { SupervisorMessage, WorkerMessage } from '../../src/protocol/messages.ts'
import type { RoutingSnapshot, TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import accept from '../../workers/acceptor.ts'

export type AccessLine = Readonly<Record<string, string | number>>

/** A worker under test. Stop it with `await using` or `stop()`. */
export type Site = {
  readonly port: number
  readonly origin: string
  readonly gates: GateKeeper
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
  drain(graceMs: number): Promise<void>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export type SiteOptions = {
  readonly tenants?: readonly (Partial<TenantRoute> & { readonly name: string; readonly port?: number })[]
  readonly server?: Partial<Omit<RoutingSnapshot['server'], 'timeouts'>>
  readonly timeouts?: Partial<TimeoutsConfig>
  readonly queue?: Partial<RoutingSnapshot['queue']>
  readonly maintenance?: RoutingSnapshot['maintenance']
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
    ...options.server,
    timeouts: { header: 10_000, keep_alive: 5_000, idle: 0, connect: 2_000, response: 10_000, drain: 5_000, ...options.timeouts },
  },
  maintenance: options.maintenance ?? { enabled: false },
  routes: { reverse_proxies: (options.reverse_proxies ?? []).map(reverseProxy) },
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
  const done = accept({ worker: 0, port: worker, sockets: [bound], counters, routing: snapshotOf(options) })
  const site = createSite({ port, supervisor, gates: createGateKeeper(counters, 1), inbox, done })
  await Promise.race([inbox.message('worker.listening'), done])
  for (const tenant of options.tenants ?? []) if (tenant.port !== undefined) site.wake(tenant.name, tenant.port)
  return site
}

type Inbox = Pick<Site, 'messages' | 'lines' | 'message' | 'line'>

const createSite = (parts: { port: number; supervisor: MessagePort; gates: GateKeeper; inbox: Inbox; done: Promise<void> }): Site => {
  const { port, supervisor, gates, inbox, done } = parts
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

/** A server on a free port of the loopback. */
export type Upstream = { readonly port: number; close(): Promise<void>; [Symbol.asyncDispose](): Promise<void> }

/** An HTTP upstream. */
export const startApp = async (listener: http.RequestListener): Promise<Upstream & { readonly server: http.Server }> => {
  const server = http.createServer(listener)
  return { ...(await listen(server)), server }
}

/** An upstream that speaks what the test writes. */
export const startRaw = async (listener: (socket: net.Socket) => void): Promise<Upstream> => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    listener(socket)
  })
  const upstream = await listen(server)
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await upstream.close()
  }
  return { ...upstream, close, [Symbol.asyncDispose]: close }
}

const listen = async (server: net.Server): Promise<Upstream> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    if (server instanceof http.Server) server.closeAllConnections()
    await once(server, 'close')
  }
  return { port: (server.address() as net.AddressInfo).port, close, [Symbol.asyncDispose]: close }
}

/** A port that nobody listens on. */
export const findFreePort = async (): Promise<number> => {
  const upstream = await startRaw(() => {})
  await upstream.close()
  return upstream.port
}

export type Reply = {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: string
}

/** One request on a connection of its own. */
export const ask = async (
  site: Pick<Site, 'port'>,
  path: string,
  options: Omit<http.RequestOptions, 'path'> & { readonly body?: string | Buffer } = {},
): Promise<Reply> => {
  const { body, ...rest } = options
  const request = http.request({ host: '127.0.0.1', port: site.port, path, agent: false, ...rest })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    trailers: response.trailers,
    body: Buffer.concat(chunks).toString('latin1'),
  }
}

/** Writes bytes as they are and gives all that comes until the connection ends. */
export const talk = async (site: Pick<Site, 'port'>, bytes: string): Promise<string> => {
  const socket = net.connect({ host: '127.0.0.1', port: site.port })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  await once(socket, 'close')
  return text
}

/** A connection that a test writes to and reads from step by step. */
export type Wire = {
  readonly socket: net.Socket
  write(bytes: string): void
  /** Everything received so far once it contains `text`. */
  until(text: string): Promise<string>
  /** Everything received once the other side has closed. */
  rest(): Promise<string>
}

export const dial = async (port: number): Promise<Wire> => {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  let text = ''
  let wake = (): void => {}
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
    wake()
  })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  await once(socket, 'connect')
  return {
    socket,
    write: (bytes) => void socket.write(bytes, 'latin1'),
    until: (wanted) =>
      new Promise((resolve, reject) => {
        wake = () => {
          if (text.includes(wanted)) resolve(text)
        }
        void closed.then(() => reject(new Error(`closed before ${JSON.stringify(wanted)}: ${text}`)))
        wake()
      }),
    rest: async () => {
      await closed
      return text
    },
  }
}
