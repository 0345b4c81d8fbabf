/** Commands run at certain moments, one after the other. Supervisor thread. */
import { NavigatorError } from '../errors.ts'
import { commandArgv } from './command.ts'
import { childEnvironment } from './environment.ts'
import { withPort } from './port-placeholder.ts'
import { type ProcessExit, type RunningProcess, startProcess } from './run.ts'

/** Between SIGTERM and SIGKILL for a hook that is out of time or no longer wanted, in ms. */
const HOOK_GRACE_MS = 2_000

/** One command. The same shape as the configuration's. */
export type Hook = {
  readonly command: string
  readonly args?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly unset_env?: readonly string[]
  /** Longest run, in ms; 0 = no limit. */
  readonly timeout?: number
}

/** How a list of hooks is run. */
export type HookRun = {
  /** What logs call the moment: `server.start`. */
  readonly name: string
  /** The environment before the hook's own. */
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** For hooks without a timeout of their own, in ms; 0 = no limit. */
  readonly timeoutMs: number
  /** Put in the place of `${port}` and its like. */
  readonly port?: number
  /** Ends the hook under way, and its group; none follows. */
  readonly signal: AbortSignal
  onLine(stream: 'stdout' | 'stderr', line: string): void
  /** A hook runs from now on, as the leader of a group. */
  onStarted(pid: number, command: string): void
  /** It and its group are gone. */
  onEnded(pid: number, command: string, tookMs: number): void
}

/**
 * Runs hooks in order, each in a process group of its own that is gone before the next begins. The first that fails ends the list.
 * @throws NAV_HOOK_FAILED when one exits with anything but 0 or runs out of time, NAV_EXEC_FAILED when it cannot be started, and
 * the signal's reason once that is aborted.
 */
export const runHooks = async (hooks: readonly Hook[], run: HookRun): Promise<void> => {
  for (const hook of hooks) {
    run.signal.throwIfAborted()
    await runHook(hook, run)
  }
}

const runHook = async (hook: Hook, run: HookRun): Promise<void> => {
  const limitMs = hook.timeout ?? run.timeoutMs
  const begun = performance.now()
  await using child = await startProcess(specOf(hook, run))
  run.onStarted(child.pid, hook.command)
  // Its output may be held open by a child of its own: the hook is over when it exits itself.
  const outcome = await waitFor(child, limitMs, run.signal)
  if (typeof outcome === 'string') await end(child)
  await child.gone
  run.onEnded(child.pid, hook.command, Math.round(performance.now() - begun))
  if (outcome === 'aborted') throw run.signal.reason
  if (outcome === 'timeout') throw hookFailed(hook, run, `it took longer than ${limitMs / 1000} s`, child)
  if (outcome.code !== 0) throw hookFailed(hook, run, `it ended with ${outcome.signal ?? `exit code ${outcome.code}`}`, child)
}

const specOf = ({ command, args, env, unset_env: unset = [] }: Hook, { name, cwd, port, ...run }: HookRun) => {
  const argv = commandArgv(command, args, cwd)
  return {
    name: `hook ${name}`,
    argv: port === undefined ? argv : argv.map((word) => withPort(word, port)),
    cwd,
    env: childEnvironment(run.env, { own: env, unset, ...(port === undefined ? {} : { port }) }),
    onLine: run.onLine,
  }
}

type Outcome = ProcessExit | 'timeout' | 'aborted'

const waitFor = async (child: RunningProcess, limitMs: number, signal: AbortSignal): Promise<Outcome> => {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const timer = limitMs > 0 ? setTimeout(() => resolve('timeout'), limitMs) : undefined
  const abort = () => resolve('aborted')
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  void child.exited.then(resolve)
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  })
}

const end = async (child: RunningProcess): Promise<void> => {
  child.signal('SIGTERM')
  const timer = setTimeout(() => child.signal('SIGKILL'), HOOK_GRACE_MS)
  await child.gone
  clearTimeout(timer)
}

const hookFailed = (hook: Hook, { name }: HookRun, reason: string, child: RunningProcess): NavigatorError => {
  const said = child.tail().slice(-3).join('; ')
  return new NavigatorError('NAV_HOOK_FAILED', `hook ${name}: ${hook.command}: ${reason}${said === '' ? '' : `; it said: ${said}`}`, {
    hint: `run it by hand, or correct hooks.${name.replace(/^(tenant\.(start|stop)).*/, '$1')}`,
  })
}
