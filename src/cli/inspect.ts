import { once } from 'node:events'
import { askInstance, followInstance } from '../inspect/control-socket.ts'
import { formatScreen, type Previous } from '../inspect/screen.ts'
import type { InspectReport } from '../inspect/watch-commands.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { runningSocket } from './instance.ts'
import { paintFor } from './paint.ts'

const ASK_TIMEOUT_MS = 10_000

/**
 * `navigator inspect`: live on a terminal; --once for one screen, --json for one object, -f for each step of each machine, one a line;
 * --web for a page in a browser.
 */
export const inspect = async (invocation: Invocation): Promise<number> => {
  const socket = runningSocket(invocation)
  if (invocation.web) return (await import('./inspect-web.ts')).inspectWeb(socket, invocation)
  if (invocation.follow) return followSteps(socket)
  if (!invocation.once && !invocation.json && process.stdin.isTTY && process.stdout.isTTY)
    return (await import('./inspect-live.ts')).inspectLive(socket, invocation)
  const report = await readReport(socket)
  if (invocation.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else {
    const view = { previous: undefined as Previous | undefined, filter: '', sort: 'name' as const, selected: -1, height: 0, width: 0 }
    process.stdout.write(`${formatScreen(report, view, paintFor(process.stdout, invocation)).join('\n')}\n`)
  }
  return EXIT.ok
}

/** The state of everything as of now. */
export const readReport = async (socket: string): Promise<InspectReport> =>
  (await askInstance(socket, { command: 'inspect' }, { timeoutMs: ASK_TIMEOUT_MS })) as InspectReport

const followSteps = async (socket: string): Promise<number> => {
  for await (const step of followInstance(socket, { command: 'transitions', follow: true })) {
    if (!process.stdout.write(`${JSON.stringify(step)}\n`)) await once(process.stdout, 'drain')
  }
  return EXIT.ok
}
