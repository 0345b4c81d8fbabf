import { NavigatorError } from '../errors.ts'
import type { Destinations } from '../log/destinations.ts'
import type { RecentLine } from '../log/recent-lines.ts'
import type { ControlCommands } from './control-socket.ts'
import { createFeed } from './feed.ts'
import { nameMatcher, patternsOf } from './names.ts'

/** One item of `logs`: a line, or how many were lost because the client did not keep up. */
export type LogItem = RecentLine | { readonly dropped: number }

const LINES = 100

/**
 * `{"command":"logs","names":["bos*"],"lines":20,"follow":true}`: the last lines, then those that come. `reopen`: log files anew.
 * Supervisor thread.
 */
export const logCommands = ({ recent, reopen }: Pick<Destinations, 'recent' | 'reopen'>): ControlCommands => ({
  async reopen() {
    reopen()
  },
  async logs({ names, lines = LINES, follow = false }) {
    if (!Number.isInteger(lines) || Number(lines) < 0) throw new NavigatorError('NAV_CONTROL_FAILED', 'lines is not a number of lines')
    const isWanted = nameMatcher(patternsOf(names))
    const last = recent.last(Number(lines), isWanted)
    return follow === true ? followLines(recent, last, isWanted) : toItems(last)
  },
})

async function* toItems(lines: readonly RecentLine[]): AsyncGenerator<LogItem> {
  yield* lines
}

const followLines = (recent: Destinations['recent'], last: readonly RecentLine[], isWanted: (source: string) => boolean) => {
  const feed = createFeed<LogItem>(() => leave())
  for (const line of last) feed.push(line)
  const leave = recent.follow((line) => {
    if (!isWanted(line.source)) return
    const dropped = feed.takeDropped()
    if (dropped > 0) feed.push({ dropped })
    feed.push(line)
  })
  return feed
}
