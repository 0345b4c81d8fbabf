import type { Config } from '../config/config.ts'
import { createDestinations, type Destinations } from '../log/destinations.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import { readableAccessLine } from '../log/readable.ts'
import { createSink } from '../log/sink.ts'
import type { Invocation } from './arguments.ts'

/** Everything a serving navigator writes goes through here to stdout, in whole lines. Supervisor thread. */
export type Output = {
  readonly log: Logger
  /** Where lines of children and of the access log go. */
  readonly destinations: Destinations
  /** One line to stdout alone, without line end. */
  writeLine(line: string): void
  /** Lines that stdout has lost. */
  readonly dropped: number
  /** Writes what is left, for the end of the process. */
  finish(): void
}

const STDOUT = 1
const FINISH_WITHIN_MS = 2_000

/** Readable and coloured on a terminal unless `format` is json; access lines are JSON everywhere else. */
export const openOutput = (logging: Config['logging'], isColoured: boolean): Output => {
  const { format } = logging
  const sink = createSink(STDOUT)
  const writeAccess =
    isColoured && format === 'text'
      ? (bytes: Uint8Array) => writeReadable(bytes, sink.write)
      : (bytes: Uint8Array) => sink.writeLines(bytes)
  const destinations = createDestinations({ logging, colour: isColoured, writeLine: sink.write, writeAccess, log: () => log })
  const level = process.env['LOG_LEVEL'] ?? 'info'
  const log = createLogger({ format, level, sink, colour: isColoured, also: destinations.own })
  return {
    log,
    destinations,
    writeLine: sink.write,
    get dropped() {
      return sink.dropped
    },
    finish() {
      sink.flushSync(FINISH_WITHIN_MS)
      destinations.flushSync(FINISH_WITHIN_MS)
    },
  }
}

/** Whether stdout is a terminal that may be coloured. */
export const isColoured = ({ noColor }: Invocation): boolean => process.stdout.isTTY === true && !noColor && !process.env['NO_COLOR']

const writeReadable = (bytes: Uint8Array, write: (line: string) => void): void => {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString().trimEnd().split('\n')
  for (const line of lines) write(readableAccessLine(line))
}
