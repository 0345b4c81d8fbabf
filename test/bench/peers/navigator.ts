import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, findFreePort, makeRoom } from '../bench.ts'
import { commandLineOf } from '../measure.ts'
import { untilAnswered } from '../request.ts'
import { originFile } from './origin.ts'
import { ownProcessesOf, type Peer } from './peer.ts'

/** A navigator to measure. */
export type NavigatorTask = {
  readonly bench: Bench
  /** What its column is called. Default `navigator`. */
  readonly name?: string
  /** Worker threads. Default 1, as the peers have. */
  readonly workers?: number
  /** URL prefixes of its tenants, each with a slash at both ends. All run the origin. Default one at `/`. */
  readonly tenants?: readonly string[]
  /** Directory of static files. */
  readonly publicDirectory?: string
  /** Proxies everything to an app that runs already, instead of having tenants. */
  readonly originPort?: number
  /** What is asked until it answers 200, before anything is measured; none: only the start is awaited. */
  readonly warmPath?: string
  /** How long the start may take. Default 30 s. */
  readonly startLimitMs?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A navigator that runs. */
export type Navigator = Peer & {
  /** The supervisor's process; worker threads are in it. */
  readonly pid: number
  /** From the start of the program to the answer to `warmPath`, the tenant's boot included. */
  readonly startedInMs: number
  /** Configuration file. */
  readonly file: string
  /** Path of its control socket. @throws when it has none. */
  controlSocket(): string
}

/** Starts `bin/navigator` with a configuration of its own; access log to a file. */
export const startNavigator = async (task: NavigatorTask): Promise<Navigator> => {
  const { bench, name = 'navigator', warmPath = '/1k' } = task
  const port = await findFreePort()
  const room = makeRoom(bench, `navigator-${port}`)
  const file = join(room, 'navigator.yml')
  const configuration = configurationOf(task, port, room)
  writeFileSync(file, configuration)
  const member = bench.crew.start({
    program: join(bench.checkout, 'bin/navigator'),
    args: [file],
    directory: room,
    output: join(room, 'access.log'),
    env: { NODE_ENV: 'production', ...task.env },
  })
  const death = member.ended.then(() => {
    const said = readFileSync(join(room, 'access.log'), 'utf8').split('\n').slice(0, 4).join('\n  ')
    throw new Error(`navigator ended at its start:\n  ${said}`)
  })
  const startedInMs = await Promise.race([untilAnswered(port, warmPath, task.startLimitMs ?? 30_000), death])
  // From here on its end is wanted.
  death.catch(() => {})
  return {
    name,
    port,
    pid: member.pid,
    // The program says whether the bundle or the sources are measured.
    command: `${member.command}  # ${/\S+main\.(cjs|ts)/.exec(commandLineOf(member.pid))?.[0]}`,
    configuration,
    file,
    startedInMs,
    pids: () => ownProcessesOf(member),
    controlSocket: () => controlSocketOf(member.pid),
    stop: member.stop,
  }
}

/** A path navigator answers itself, without waking a tenant. */
export const healthPath = '/up'

const configurationOf = (task: NavigatorTask, port: number, room: string): string => `server:
  listen: 127.0.0.1:${port}
  workers: ${task.workers ?? 1}
  health_check: { path: ${healthPath}, response: { status: 200, body: OK } }
  timeouts: { keep_alive: 10m }
${task.publicDirectory === undefined ? '' : `  static: { public_dir: ${task.publicDirectory} }`}
${task.originPort === undefined ? tenantsOf(task, room) : proxyOf(task.originPort)}`

const tenantsOf = ({ bench, tenants = ['/'] }: NavigatorTask, room: string): string => `applications:
  pools: { timeout: 1h, start_port: ${firstPort}, end_port: ${firstPort + 199} }
  tenants:
${tenants.map((path, index) => tenantLine(bench, path, index, room)).join('\n')}
`

// Below the ephemeral ports, at a place of its own per run.
const firstPort = 20_000 + (process.pid % 50) * 200

const tenantLine = (bench: Bench, path: string, index: number, room: string): string =>
  `    - { name: t${index}, path: ${path}, root: ${room}, command: ${process.execPath}, args: [${originFile(bench)}] }`

const proxyOf = (originPort: number): string => `routes:
  reverse_proxies:
    - { name: origin, prefix: /, target: "http://127.0.0.1:${originPort}" }
`

/** The Unix socket with a path that the process listens on. */
const controlSocketOf = (pid: number): string => {
  const owned = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
      } catch {
        // Closed since the directory was read.
        return undefined
      }
    }),
  )
  for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n')) {
    const [, , , flags, , , inode, path] = line.trim().split(/\s+/)
    // 00010000 is __SO_ACCEPTCON: it listens.
    if (path?.startsWith('/') && flags === '00010000' && owned.has(inode)) return path
  }
  throw new Error(`process ${pid} listens on no Unix socket`)
}
