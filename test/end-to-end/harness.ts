/** A real navigator for a test: bin/navigator with a configuration in a directory of its own, on a port the system chose. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { stringify } from 'yaml'
import type { PsReport } from '../../src/supervisor/report.ts'

export const root = join(import.meta.dirname, '../..')
const navigator = join(root, 'bin/navigator')
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 30_000
const COMMAND_TIMEOUT_MS = 60_000
const LINE_TIMEOUT_MS = 20_000

export type StartOptions = {
  /** YAML, or a value to write as YAML. `server.listen` and `logging.format` are set where they are not. */
  readonly config: string | Readonly<Record<string, unknown>>
  readonly env?: NodeJS.ProcessEnv
  /** Files beside the configuration, by relative path. */
  readonly files?: Readonly<Record<string, string>>
  /** Directory to use instead of a new one; it is left as it is. */
  readonly directory?: string
  /** What to run instead of this checkout's bin/navigator. */
  readonly program?: string
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}
export type GetOptions = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
}
export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export type Running = AsyncDisposable & {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly directory: string
  readonly configFile: string
  /** Resolves with its exit code once it has ended. */
  readonly exited: Promise<number | null>
  /** A request on a connection of its own. */
  get(path: string, options?: GetOptions): Promise<Answer>
  ps(): Promise<PsReport>
  /** Runs `navigator <args>` with the same configuration and runtime directory. */
  command(...args: readonly string[]): Promise<Finished>
  /** Writes the configuration anew, if given, and reloads. */
  reload(config?: StartOptions['config']): Promise<Finished>
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>
  /** Every line so far of its stdout and stderr. */
  log(): readonly string[]
  /** The first line, past or to come, that has `part` in it. */
  logged(part: string | RegExp): Promise<string>
}

/**
 * Starts navigator and waits until it serves. At disposal it is stopped, and no process that it started may be left.
 * @example
 * await using site = await startNavigator({ config: { applications: { tenants: [ … ] } } })
 * expect((await site.get('/')).status).toBe(200)
 */
export const startNavigator = async (options: StartOptions): Promise<Running> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'navigator-e2e-')))
  const configFile = join(directory, 'navigator.yml')
  await writeFiles(directory, options.files ?? {})
  await writeFile(configFile, asYaml(options.config))
  const env = testEnvironment(directory, options.env)
  const child = spawn(options.program ?? navigator, [configFile], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = followLog(child)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const clean = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    if (!options.directory) await rm(directory, { recursive: true, force: true })
  }
  const banner = await log.find('navigator serves', START_TIMEOUT_MS, exited).catch(async (error: unknown) => {
    await clean()
    throw error
  })
  const { urls } = JSON.parse(banner)
  const port = Number(new URL(urls[0]).port)
  const runningOn = { directory, configFile, env, child, exited, log, port }
  return { ...actions(runningOn), [Symbol.asyncDispose]: () => dispose(runningOn, clean) }
}

/** Runs `bin/navigator <args>` to its end. */
export const runNavigator = (
  args: readonly string[],
  { cwd, env = process.env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> =>
  new Promise((resolve) => {
    execFile(navigator, args, { cwd, env, timeout: COMMAND_TIMEOUT_MS }, (error, stdout, stderr) =>
      resolve({ code: error ? ((error.code as number | undefined) ?? null) : 0, stdout, stderr }),
    )
  })

/** Navigator's environment in tests: nothing of it is shared with another instance on this machine. */
export const testEnvironment = (directory: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
  const { NAVIGATOR_CONFIG: _, NAVIGATOR_CONTROL_SOCKET: __, ...inherited } = process.env
  return {
    ...inherited,
    NO_COLOR: '1',
    TEST_INSTANCE: directory,
    NAVIGATOR_RUNTIME_DIR: join(directory, 'run'),
    NAVIGATOR_PID_FILE: join(directory, 'navigator.pid'),
    ...extra,
  }
}

type Instance = {
  readonly directory: string
  readonly configFile: string
  readonly env: NodeJS.ProcessEnv
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  readonly log: Log
  readonly port: number
}

const actions = ({ directory, configFile, env, child, exited, log, port }: Instance): Omit<Running, typeof Symbol.asyncDispose> => {
  const command = (...args: readonly string[]) => runNavigator([...args, '--config', configFile], { cwd: directory, env })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    directory,
    configFile,
    exited,
    get: (path, options) => get(port, path, options),
    command,
    async ps() {
      const { code, stdout, stderr } = await command('ps', '--json')
      if (code !== 0) throw new Error(`ps failed (${code}): ${stderr}`)
      return JSON.parse(stdout)
    },
    async reload(config) {
      if (config !== undefined) await writeFile(configFile, asYaml(config))
      return command('reload')
    },
    signal: (signal) => void child.kill(signal),
    stop() {
      child.kill('SIGTERM')
      return exited
    },
    log: log.lines,
    logged: (part) => log.find(part, LINE_TIMEOUT_MS, exited),
  }
}

const asYaml = (config: StartOptions['config']): string => {
  if (typeof config === 'string') return config
  const { server = {}, logging = {} } = config as { server?: object; logging?: object }
  return stringify({ ...config, server: { listen: '127.0.0.1:0', ...server }, logging: { format: 'json', ...logging } })
}

const writeFiles = async (directory: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, content] of Object.entries(files)) {
    const file = join(directory, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 })
  }
}

type Log = { lines(): readonly string[]; find(part: string | RegExp, timeoutMs: number, exited: Promise<number | null>): Promise<string> }

const followLog = (child: ChildProcess): Log => {
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look(line)
    })
  }
  return {
    lines: () => lines,
    async find(part, timeoutMs, exited) {
      const isIt = (line: string) => (typeof part === 'string' ? line.includes(part) : part.test(line))
      const past = lines.find(isIt)
      if (past !== undefined) return past
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const fail = (why: string) => reject(new Error(`${why} before ${part} was logged:\n${lines.slice(-40).join('\n')}`))
      const look = (line: string) => isIt(line) && resolve(line)
      const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs)
      waiting.add(look)
      // Its last lines may still be under way when it has ended.
      void exited.then((code) => setTimeout(() => fail(`navigator ended with ${code}`), 200).unref())
      return promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(look)
      })
    },
  }
}

const get = async (port: number, path: string, options: GetOptions = {}): Promise<Answer> => {
  const { method = 'GET', headers = {}, body, timeoutMs = COMMAND_TIMEOUT_MS } = options
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** Every process an instance starts inherits this mark, unless its own environment takes it away. */
const leftBehind = async (directory: string): Promise<readonly string[]> => {
  const mark = `TEST_INSTANCE=${directory}\0`
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process that ends while we look is not left behind: its memory goes first, and its command line with it.
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      if (!environment.includes(mark)) return ''
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return command && `${pid} ${command.replaceAll('\0', ' ')}`
    }),
  )
  return found.filter(Boolean)
}

const dispose = async ({ directory, child, exited, log }: Instance, clean: () => Promise<void>): Promise<void> => {
  try {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    let hadToBeKilled = false
    const timer = setTimeout(() => {
      hadToBeKilled = child.kill('SIGKILL')
    }, STOP_TIMEOUT_MS)
    await exited
    clearTimeout(timer)
    if (hadToBeKilled) throw new Error(`navigator had to be killed:\n${log.lines().join('\n')}`)
    const left = await leftBehind(directory)
    for (const line of left) process.kill(Number.parseInt(line, 10), 'SIGKILL')
    if (left.length > 0) throw new Error(`navigator left processes behind:\n${left.join('\n')}`)
  } finally {
    await clean()
  }
}
