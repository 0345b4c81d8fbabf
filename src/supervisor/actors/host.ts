import { setTimeout as sleep } from 'node:timers/promises'
import { fromCallback, fromPromise } from 'xstate'
import { type HostAction, type HostMachine, hostMachine, type UpstreamsCommand } from '../../../machines/host.ts'
import type { Config } from '../../config/config.ts'
import type { Logger } from '../../log/logger.ts'
import { askFlyMachine, flyMachineOf } from '../../process/fly-machine.ts'
import type { HostKeeper } from '../../protocol/activity.ts'
import type { SupervisorMessage } from '../../protocol/messages.ts'
import { type Hooks, reloadTargetOf } from '../hooks.ts'

/** What has been logged is written within this time, in ms. */
const LAST_LINES_MS = 100

/** What the actors of the host draw on. */
export type HostSurroundings = {
  readonly env: NodeJS.ProcessEnv
  readonly keeper: HostKeeper
  readonly hooks: Hooks
  readonly log: Logger
  config(): Config
  isQuiet(): boolean
  tell(message: SupervisorMessage): void
  /** Takes the file up if that is worthwhile, and resolves when that is done. Rejects when it is refused. */
  reload(file: string): Promise<unknown>
  /** Off Fly.io. */
  signalSelf(signal: 'SIGTSTP' | 'SIGTERM'): void
}

/** The host machine joined to the real one. Supervisor thread. */
export const liveHostMachine = (around: HostSurroundings): HostMachine => {
  const { keeper, log } = around
  return hostMachine.provide({
    actors: {
      upstreams: fromCallback<UpstreamsCommand>(({ receive }) => receive(() => keeper.renew())),
      idleHooks: fromPromise(({ signal }) => runIdleHooks(around, signal)),
      hold: fromCallback(() => {
        keeper.close()
        return () => {
          keeper.open()
          around.tell({ type: 'host.opened' })
        }
      }),
      check: fromPromise(async () => {
        if (!around.isQuiet()) throw new Error('a request has come')
      }),
      act: fromPromise<void, HostAction>(async ({ input, signal }) => {
        try {
          await act(input.action!, around, signal)
        } catch (error) {
          if (!signal.aborted) log.error({ action: input.action, err: error }, 'machine could not be put to sleep')
          throw error
        }
      }),
      resumeHooks: fromPromise(({ signal }) => resume(around, signal)),
    },
  })
}

const runIdleHooks = ({ config, hooks, log }: HostSurroundings, signal: AbortSignal): Promise<void> => {
  const { server, hooks: lists } = config()
  log.info({ action: server.idle?.action, timeoutMs: server.idle?.timeout }, 'machine idle')
  return hooks.runServer('idle', lists?.server.idle ?? [], signal)
}

const act = async (
  action: 'suspend' | 'stop',
  { config, env, hooks, log, signalSelf }: HostSurroundings,
  signal: AbortSignal,
): Promise<void> => {
  const idle = config().server.idle!
  const machine = flyMachineOf(env, idle.api_socket)
  if (idle.command !== undefined) await hooks.runCommand('server.idle.command', idle.command, signal)
  else if (machine) log.info({ action, reply: await askFlyMachine(action, machine, signal) }, 'machine sleep granted')
  else {
    log.info({ action }, action === 'suspend' ? 'stopping until SIGCONT' : 'ending')
    // A stopped process writes no more.
    await sleep(LAST_LINES_MS, undefined, { signal })
    signalSelf(action === 'suspend' ? 'SIGTSTP' : 'SIGTERM')
  }
}

/** Requests wait for this: the new configuration is there before they go on. */
const resume = async ({ config, hooks, log, reload }: HostSurroundings, signal: AbortSignal): Promise<void> => {
  const list = config().hooks?.server.resume ?? []
  log.info('machine in use again')
  await hooks.runServer('resume', list, signal)
  const file = reloadTargetOf(list)
  if (file !== undefined) await reload(file)
}
