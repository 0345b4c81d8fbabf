import type { Config } from '../config/config.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import { readableAccessLine } from '../log/readable.ts'
import { createSink } from '../log/sink.ts'
import type { Invocation } from './arguments.ts'

/** Everything a serving navigator writes goes through here to stdout, in whole lines. Supervisor thread. */
export type Output = {
  readonly log: Logger
  /** One line, without line end. */
  writeLine(line: string): void
  /** Whole access-log lines, with their line ends. */
  writeAccess(bytes: Uint8Array): void
  /** Writes what is left, for the end of the process. */
  finish(): void
}

const STDOUT = 1
const FINISH_WITHIN_MS = 2_000

/** Readable and coloured on a terminal unless `format` is json; access lines are JSON everywhere else. */
export const openOutput = (format: Config['logging']['format'], isColoured: boolean): Output => {
  const sink = createSink(STDOUT)
  const log = createLogger({ format, level: process.env['LOG_LEVEL'] ?? 'info', sink, colour: isColoured })
  return {
    log,
    writeLine: (line) => sink.write(line),
    writeAccess: isColoured && format === 'text' ? (bytes) => writeReadable(bytes, sink.write) : (bytes) => sink.writeLines(bytes),
    finish: () => sink.flushSync(FINISH_WITHIN_MS),
  }
}

/** Whether stdout is a terminal that may be coloured. */
export const isColoured = ({ noColor }: Invocation): boolean => process.stdout.isTTY === true && !noColor && !process.env['NO_COLOR']

const writeReadable = (bytes: Uint8Array, write: (line: string) => void): void => {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString().trimEnd().split('\n')
  for (const line of lines) write(readableAccessLine(line))
}
