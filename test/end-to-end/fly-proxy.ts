/**
 * A small stand-in for Fly's proxy and its private network. It asks the first machine, honours a replay as Fly documents it,
 * and knows the `.internal` names of all machines.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A machine, on an address of the loopback that is its own. */
export type Machine = {
  readonly id: string
  readonly region: string
  readonly app: string
  readonly address: string
  readonly port: number
}

export type FlyProxy = AsyncDisposable & {
  readonly port: number
  /** For `routes.fly.dns`. */
  readonly dns: string
  /** Machines that take requests, the nearest first. */
  readonly machines: Machine[]
  /** What has been replayed, in order. */
  readonly replays: readonly Replay[]
}

/** As in the JSON that a replay has for a body. */
export type Replay = {
  readonly region?: string
  readonly app?: string
  readonly instance?: string
  readonly prefer_instance?: string
  readonly elsewhere?: boolean
  readonly state?: string
  readonly fallback?: 'force_self' | 'prefer_self'
  readonly transform?: {
    readonly path?: string
    readonly delete_headers?: readonly string[]
    readonly set_headers?: readonly { readonly name: string; readonly value: string }[]
  }
}

const REPLAYABLE_BYTES = 1024 * 1024
const MEDIA_TYPE = 'application/vnd.fly.replay+json'

export const startFlyProxy = async (): Promise<FlyProxy> => {
  const machines: Machine[] = []
  const replays: Replay[] = []
  const server = createServer(async (incoming, outgoing) => {
    const body = await bodyOf(incoming)
    const answer = await deliver(
      { url: incoming.url!, method: incoming.method!, headers: { ...incoming.headers }, body },
      machines,
      replays,
    )
    outgoing.writeHead(answer.status, answer.headers)
    outgoing.end(answer.body)
  })
  server.on('upgrade', (incoming, socket) => tunnel(incoming, socket as Socket, machines[0]!))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dns = await startDns(machines)
  return {
    port: (server.address() as AddressInfo).port,
    dns: dns.address,
    machines,
    replays,
    async [Symbol.asyncDispose]() {
      dns.close()
      await closed(server)
    },
  }
}

const closed = async (server: Server): Promise<void> => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

type Request = { url: string; method: string; headers: NodeJS.Dict<string | string[]>; body: Buffer }
type Response = { status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const failure = (status: number, text: string): Response => ({ status, headers: { 'fly-proxy-error': text }, body: Buffer.from(text) })

/** Replays until somebody answers with something else. */
const deliver = async (request: Request, machines: readonly Machine[], replays: Replay[]): Promise<Response> => {
  let target: Machine | undefined = machines[0]
  for (let hops = 0; hops < 5; hops++) {
    if (target === undefined) return failure(502, 'no candidate')
    const response: Response = await send(request, target).catch((error: Error) => failure(502, error.message))
    const replay = replayOf(response)
    if (replay === undefined) return response
    if (request.body.length >= REPLAYABLE_BYTES) return failure(500, 'too large to replay')
    if (request.headers['fly-replay-failed'] !== undefined) return failure(500, 'a fallback cannot be replayed')
    replays.push(replay)
    target = route(request, { replay, from: target }, machines)
  }
  return failure(508, 'replayed too often')
}

const replayOf = ({ headers, body }: Response): Replay | undefined =>
  headers['content-type'] === MEDIA_TYPE ? (JSON.parse(body.toString()) as Replay) : undefined

/** Makes the request what the target is to see, and chooses that. */
const route = (
  request: Request,
  { replay, from }: { replay: Replay; from: Machine },
  machines: readonly Machine[],
): Machine | undefined => {
  const { transform = {}, state, prefer_instance: preferred } = replay
  request.url = transform.path ?? request.url
  for (const name of transform.delete_headers ?? []) delete request.headers[name.toLowerCase()]
  for (const { name, value } of transform.set_headers ?? []) request.headers[name.toLowerCase()] = value
  request.headers['fly-replay-src'] =
    `instance=${from.id};region=${from.region};t=${Date.now()}000${state === undefined ? '' : `;state=${state}`}`
  const target = candidate(replay, from, machines)
  if (preferred !== undefined && target?.id !== preferred) request.headers['fly-preferred-instance-unavailable'] = preferred
  if (target !== undefined || replay.fallback === undefined) return target
  request.headers['fly-replay-failed'] =
    `instance=;app=${from.app};region=${replay.region ?? ''};replay_source=${from.id};reason=no_candidate;elapsed_ms=1`
  return from
}

const candidate = (replay: Replay, from: Machine, machines: readonly Machine[]): Machine | undefined => {
  const { app = from.app, region, instance, prefer_instance: preferred, elsewhere } = replay
  const able = machines.filter((machine) => machine.app === app && !(elsewhere && machine.id === from.id))
  if (instance !== undefined) return able.find(({ id }) => id === instance)
  const chosen = able.find(({ id }) => id === preferred)
  if (chosen !== undefined) return chosen
  for (const wanted of region?.split(',') ?? ['any']) {
    const found = able.find((machine) => wanted === 'any' || machine.region === wanted)
    if (found !== undefined) return found
  }
  return undefined
}

const send = async ({ url, method, headers, body }: Request, to: Machine): Promise<Response> => {
  const outgoing = httpRequest({ host: to.address, port: to.port, path: url, method, headers: { ...headers, ...OURS }, agent: false })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { connection: _, 'transfer-encoding': __, ...kept } = response.headers
  return { status: response.statusCode!, headers: kept, body: await bodyOf(response) }
}

const OURS = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7', 'fly-client-ip': '203.0.113.7' }

const tunnel = (incoming: IncomingMessage, client: Socket, to: Machine): void => {
  const outgoing = httpRequest({
    host: to.address,
    port: to.port,
    path: incoming.url,
    headers: { ...incoming.headers, ...OURS },
    agent: false,
  })
  client.on('error', () => client.destroy())
  outgoing.on('error', () => client.destroy())
  outgoing.once('response', (response) => client.end(`HTTP/1.1 ${response.statusCode} No\r\nconnection: close\r\n\r\n`))
  outgoing.once('upgrade', (response, machine: Socket) => {
    machine.on('error', () => machine.destroy())
    const fields = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}\r\n`)
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${fields.join('')}\r\n`)
    machine.pipe(client).pipe(machine)
  })
  outgoing.end()
}

/** Answers A for `<machine>.vm.<app>.internal`, `<region>.<app>.internal` and `<app>.internal`, and nothing else. */
const startDns = async (machines: readonly Machine[]): Promise<{ readonly address: string; close(): void }> => {
  const socket = createSocket('udp4')
  socket.on('message', (query, peer) => socket.send(dnsAnswer(query, machines), peer.port, peer.address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() }
}

const dnsAnswer = (query: Buffer, machines: readonly Machine[]): Buffer => {
  const labels: string[] = []
  let at = 12
  for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  const isAddress = query.readUInt16BE(at + 1) === 1
  const name = labels.join('.').toLowerCase()
  const named = machines.filter(({ id, region, app }) =>
    [`${id}.vm.${app}.internal`, `${region}.${app}.internal`, `${app}.internal`].includes(name),
  )
  const found = isAddress ? named : []
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(named.length > 0 ? 0x8180 : 0x8183, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(found.length, 6)
  const records = found.map(({ address }) => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]))
  return Buffer.concat([header, query.subarray(12, at + 5), ...records])
}
