/** A whole supervisor in a test: real processes and threads, the tests' own worker, a temporary directory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { BoundSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config, ManagedProcessConfig, TenantConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatChildLine } from '../../src/log/child-output.ts'
import type { Logger } from '../../src/log/logger.ts'
import { killAllProcesses } from '../../src/process/run.ts'
import type { PublicState } from '../../src/protocol/routing-snapshot.ts'
import type { PsRow } from '../../src/supervisor/report.ts'
import { type Supervisor, type SupervisorOptions, startSupervisor } from '../../src/supervisor/supervisor.ts'

const here = import.meta.dirname
// A test that is cut off by its time limit disposes of nothing.
process.once('exit', killAllProcesses)
/** What an empty file says: the tests name only what they are about. */
const { config: plain } = await loadConfig(join(here, 'apps/plain.yml'), {})
export const echoApp = join(here, 'apps/echo.mjs')

export const tenant = (name: string, changes: Partial<TenantConfig> = {}): TenantConfig => ({
  name,
  path: `/${name}/`,
  root: here,
  launch: { command: process.execPath, args: [echoApp], port_env_var: 'PORT' },
  env: {},
  health_check: '/',
  startup_timeout: 5_000,
  ready_timeout: 10_000,
  idle_timeout: 60_000,
  stop_timeout: 5_000,
  track_websockets: true,
  ...changes,
})

export const managed = (name: string, script: string, changes: Partial<ManagedProcessConfig> = {}): ManagedProcessConfig =>
  ({
    name,
    command: process.execPath,
    args: ['-e', script],
    working_dir: here,
    env: {},
    auto_restart: true,
    start_delay: 0,
    stop_timeout: 5_000,
    ...changes,
  }) as ManagedProcessConfig

type Sections = {
  tenants?: readonly TenantConfig[]
  processes?: readonly ManagedProcessConfig[]
  server?: Partial<Config['server']>
  pools?: Partial<Config['applications']['pools']>
}

const PORTS = 20
const guards: BoundSocket[] = []

/**
 * The first of a block of ports for one site. Apps bind their port some time after it was found free, so no two sites of the
 * machine may lend from the same block: its lowest port stays bound until the end of the tests.
 */
const takePorts = (): number => {
  for (;;) {
    const port = 20_000 + PORTS * Math.floor(Math.random() * 600)
    try {
      guards.push(new BoundSocket({ host: '127.0.0.1', port }))
      return port + 1
    } catch {
      // Taken by another site: the next throw of the dice.
    }
  }
}

const configOf = ({ tenants = [], processes = [], server = {}, pools = {} }: Sections, from: number): Config => ({
  ...plain,
  server: { ...plain.server, workers: 2, listen: { host: '127.0.0.1', port: 0 }, ...server },
  applications: { ...plain.applications, pools: { ...plain.applications.pools, start_port: from, end_port: from + PORTS - 2, ...pools } },
  tenants,
  managed_processes: processes,
})

const nowhere: SupervisorOptions['destinations'] = { child() {}, access() {}, adopt() {}, drained: async () => {} }
const silent: Logger = { level: 'info', debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

export type Site = AsyncDisposable & {
  readonly supervisor: Supervisor
  readonly lines: string[]
  /** The next reload finds this, or throws it. */
  change(next: Sections | Error): void
  get(path: string): Promise<{ status: number; body: string }>
  row(name: string): Promise<PsRow>
  /** Resolves when a child has printed this line, as navigator shows it. */
  printed(line: string): Promise<void>
  until(name: string, state: PublicState): Promise<PsRow>
}

/** What a supervisor needs, with a file that never changes and nobody listening to what it says. */
export const optionsFor = (sections: Sections, runtimeDirectory: string, from = takePorts()): SupervisorOptions => {
  const config = configOf(sections, from)
  return {
    config,
    warnings: [],
    configFile: config.file,
    env: process.env,
    log: silent,
    destinations: nowhere,
    signalSelf() {},
    notice: { ready() {}, reloading() {}, stopping() {}, async [Symbol.asyncDispose]() {} },
    runtimeDirectory,
    workerUrl: new URL('./apps/worker.ts', import.meta.url),
    load: async () => ({ config, warnings: [] }),
    openMemoryGroups() {
      throw new Error('the tests are to do without')
    },
  }
}

export const openSite = async (sections: Sections): Promise<Site> => {
  const runtimeDirectory = await mkdtemp(join(tmpdir(), 'nav-site-'))
  const lines: string[] = []
  const waiting = new Map<string, () => void>()
  const from = takePorts()
  const options = optionsFor(sections, runtimeDirectory, from)
  let next: Config | Error = options.config
  const supervisor = await startSupervisor({
    ...options,
    destinations: {
      ...nowhere,
      child({ source, stream, line }) {
        const shown = formatChildLine('text', source, stream, line)
        lines.push(shown)
        waiting.get(shown)?.()
      },
    },
    async load() {
      if (next instanceof Error) throw next
      return { config: next, warnings: [] }
    },
  })
  const row = async (name: string) => (await supervisor.ps()).rows.find((candidate) => candidate.name === name)!
  return {
    supervisor,
    lines,
    row,
    change(wanted) {
      next = wanted instanceof Error ? wanted : configOf(wanted, from)
    },
    get: (path) => getFrom(supervisor.address.port, path),
    async printed(line) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(line, resolve)
      if (lines.includes(line)) resolve()
      await promise
    },
    async until(name, state) {
      for (const end = Date.now() + 15_000; Date.now() < end; ) {
        const found = await row(name)
        if (found.state === state) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`${name} is ${JSON.stringify(await row(name))}, not ${state}`)
    },
    async [Symbol.asyncDispose]() {
      await supervisor.stop('end of test')
      await rm(runtimeDirectory, { recursive: true })
    },
  }
}

/** On a connection of its own, so that any worker may get it. */
export const getFrom = (port: number, path: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode!, body }))
      response.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
