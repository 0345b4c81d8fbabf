import { fromCallback, fromPromise } from 'xstate'
import { type ReadyCommand, type ServerEvent, type ServerMachine, serverMachine } from '../../../machines/server.ts'
import type { Parts } from '../assemble.ts'
import { reloadTargetOf } from '../hooks.ts'
import { logRefusal, type Reloads } from '../reloads.ts'

/** The server machine joined to the parts of a real one. Supervisor thread. */
export const liveServerMachine = (parts: Parts, reloads: Reloads): ServerMachine => {
  const reload = (file: string | undefined, signal: AbortSignal) =>
    reloads.run(file, signal).catch((error: unknown) => {
      // Asked for by a hook: nobody else would tell.
      if (file !== undefined) logRefusal(parts.log, error)
      throw error
    })
  return serverMachine.provide({
    actors: {
      start: fromPromise(({ signal }) => parts.start(signal)),
      reload: fromPromise<unknown, { file: string | undefined }>(({ input, signal }) => reload(input.file, signal)),
      ready: fromCallback<ReadyCommand>(({ sendBack, receive }) => runReadyHooks(parts, reloads, { sendBack, receive })),
      drain: fromPromise(() => parts.drain()),
      stop: fromPromise(() => parts.stop()),
    },
  })
}

type Line = { sendBack(event: ServerEvent): void; receive(listener: (command: ReadyCommand) => void): void }

/** One list at a time; what is asked for meanwhile is run once more after it, by the configuration of then. */
const runReadyHooks = (parts: Parts, reloads: Reloads, { sendBack, receive }: Line): (() => void) => {
  const ending = new AbortController()
  let isRunning = false
  let isWantedAgain = false

  const run = async (mayReload: boolean): Promise<void> => {
    const list = parts.config().hooks?.server.ready ?? []
    await parts.hooks.runServer('ready', list, ending.signal)
    const file = reloadTargetOf(list)
    if (mayReload && file !== undefined && reloads.isWorthwhile(file)) sendBack({ type: 'server.reload', file })
  }
  const runAll = async (mayReload: boolean): Promise<void> => {
    isRunning = true
    // A failure has been logged, and keeps nobody from serving.
    await run(mayReload).catch(() => {})
    isRunning = false
    if (!isWantedAgain || ending.signal.aborted) return
    isWantedAgain = false
    await runAll(false)
  }

  receive(({ mayReload }) => {
    if (isRunning) isWantedAgain = true
    else void runAll(mayReload)
  })
  return () => ending.abort(new Error('navigator is stopping'))
}
