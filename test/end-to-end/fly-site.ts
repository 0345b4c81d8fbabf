/** Navigators of one example file on several machines of a stand-in Fly. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type FlyProxy, type Machine, startFlyProxy } from './fly-proxy.ts'
import { type Answer, type Running, root, startNavigator } from './harness.ts'
import { portRange } from './site.ts'

export type FlySite = AsyncDisposable & {
  readonly fly: FlyProxy
  readonly navigators: readonly Running[]
  /** By way of Fly's proxy. */
  ask(path: string, options?: { method?: string; headers?: Record<string, string>; body?: Buffer | string }): Promise<Answer>
  /** Opens a WebSocket by way of Fly's proxy; gives the machine it ended at, and what came back of `sent`. */
  socket(path: string, sent: string, headers?: Record<string, string>): Promise<{ machine: string; echo: string }>
}

/** `machines` by id: region, and app if not `site`. The first is the one nearest to all clients. */
export const startFlySite = async (
  example: string,
  machines: Readonly<Record<string, { region: string; app?: string }>>,
): Promise<FlySite> => {
  const stack = new AsyncDisposableStack()
  const fly = stack.use(await startFlyProxy())
  const port = await freePort()
  const file = await readFile(join(root, 'examples', example), 'utf8')
  const navigators: Running[] = []
  for (const [index, [id, { region, app = 'site' }]] of Object.entries(machines).entries()) {
    const machine: Machine = { id, region, app, address: `127.0.0.${index + 2}`, port }
    navigators.push(stack.use(await startNavigator({ config: relocated(file, machine, fly), env: environmentOf(machine) })))
    fly.machines.push(machine)
  }
  return {
    fly,
    navigators,
    ask: (path, options = {}) => ask(fly, path, options),
    socket: (path, sent, headers = {}) => openSocket(fly, path, { sent, headers }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** As a user runs it, but on an address, with ports and names of its own. */
const relocated = (file: string, { address, port }: Machine, { dns }: FlyProxy): string =>
  file
    .replace('listen: ${PORT:-3000}', `listen: ${address}:${port}`)
    .replace('start_port: 4000', `start_port: ${portRange().start_port}`)
    .replace('root: examples/', `root: ${root}/examples/`)
    .replace('command: node', `command: ${process.execPath}`)
    .replace('  fly:\n', `  fly:\n    dns: ${dns}\n`)
    .concat('\nlogging:\n  format: json\n')

const environmentOf = ({ id, region, app }: Machine): NodeJS.ProcessEnv => ({
  FLY_APP_NAME: app,
  FLY_REGION: region,
  FLY_MACHINE_ID: id,
  FLY_IMAGE_REF: 'registry.fly.example/site:deployment-1',
})

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.2')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const ask = async (fly: FlyProxy, path: string, options: Parameters<FlySite['ask']>[1] = {}): Promise<Answer> => {
  const { body, ...rest } = options
  const outgoing = request({ host: '127.0.0.1', port: fly.port, path, agent: false, ...rest })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

const openSocket = async (fly: FlyProxy, path: string, { sent, headers }: { sent: string; headers: Record<string, string> }) => {
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const outgoing = request({ host: '127.0.0.1', port: fly.port, path, headers: { ...handshake, ...headers }, agent: false })
  outgoing.end()
  const [response, socket] = (await once(outgoing, 'upgrade')) as [{ headers: Record<string, string> }, Socket]
  socket.write(sent)
  const [echo] = await once(socket, 'data')
  socket.destroy()
  return { machine: response.headers['x-machine'] ?? '', echo: String(echo) }
}
