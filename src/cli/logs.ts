import { once } from 'node:events'
import { followInstance } from '../inspect/control-socket.ts'
import type { LogItem } from '../inspect/log-commands.ts'
import { formatChildLine } from '../log/child-output.ts'
import type { RecentLine } from '../log/recent-lines.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { runningSocket } from './instance.ts'
import { paintFor } from './paint.ts'

/** `navigator logs [NAME…]`: the last lines of tenants and processes, and with -f those that come. With --json, one object a line. */
export const logs = async (invocation: Invocation): Promise<number> => {
  const { names = [], lines, follow = false, json } = invocation
  const request = { command: 'logs', names, follow, ...(lines === undefined ? {} : { lines }) }
  const isPlain = paintFor(process.stdout, invocation)('red', '') === ''
  for await (const item of followInstance(runningSocket(invocation), request)) {
    const text = json ? JSON.stringify(item) : describe(item as LogItem, !isPlain)
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
  }
  return EXIT.ok
}

const describe = (item: LogItem, colour: boolean): string => ('dropped' in item ? `… ${item.dropped} lines not shown` : line(item, colour))

const line = ({ source, stream, line: text }: RecentLine, colour: boolean): string =>
  formatChildLine('text', source, stream, colour ? printable(text) : text, { colour })

/** What an app wrote may hold sequences that would act on this terminal; colours may stay. */
const printable = (text: string): string => text.replace(/(?!\t|\p{Cc}\[[\d;]*m)\p{Cc}/gu, '\ufffd')
