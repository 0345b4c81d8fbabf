import { formatChildLine } from './child-output.ts'
import { createLogFiles, type LogFiles } from './log-files.ts'
import type { Logger } from './logger.ts'
import { createRecentLines, type RecentLines } from './recent-lines.ts'
import { createVectorWriter, type VectorWriter } from './vector.ts'

/** A line that a child wrote. `tenant` is set for a tenant's own. */
export type ChildLine = {
  readonly source: string
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
  readonly tenant?: string | undefined
}

/** The part of the configuration that says where lines go. `file` is absolute. */
export type LoggingSection = {
  readonly format: 'text' | 'json'
  readonly file?: string
  readonly vector?: { readonly enabled?: boolean; readonly socket?: string }
}

/** Everywhere lines go. Supervisor thread; nothing here makes its caller wait. */
export type Destinations = {
  child(line: ChildLine): void
  /** Whole access-log lines, with their line ends. */
  access(bytes: Uint8Array): void
  /** One of navigator's own lines, which stdout has already. */
  own(line: { readonly json: string; readonly text: string }): void
  /** Goes by this section from now on, and opens log files anew. */
  adopt(logging: LoggingSection): void
  /** Opens log files anew, after they have been renamed. */
  reopen(): void
  readonly recent: RecentLines
  /** Lines lost so far, and those that Vector was sent. */
  counts(): { readonly fileDropped: number; readonly vectorDropped: number; readonly vectorSent: number }
  /** Resolves when Vector has been sent what waits for it, or after `withinMs`. */
  drained(withinMs: number): Promise<void>
  /** Writes to files what is left, for the end of the process. */
  flushSync(withinMs: number): void
}

/** What destinations are made from. */
export type DestinationsSpec = {
  readonly logging: LoggingSection
  readonly colour: boolean
  /** One line to stdout, without line end. */
  writeLine(line: string): void
  /** Whole access-log lines to stdout. */
  writeAccess(bytes: Uint8Array): void
  /** Made after the destinations, which its lines go to as well. */
  log(): Logger
}

/** The name of the process that Vector is started as: what it says itself is not sent to it. */
export const VECTOR = 'vector'

export const createDestinations = (spec: DestinationsSpec): Destinations => {
  const recent = createRecentLines()
  let outlets = open(spec.logging, spec.log)
  const past = { fileDropped: 0, vectorDropped: 0, vectorSent: 0 }
  const counts = () => {
    const { files, vector } = outlets
    return {
      fileDropped: past.fileDropped + (files?.dropped ?? 0),
      vectorDropped: past.vectorDropped + (vector?.dropped ?? 0),
      vectorSent: past.vectorSent + (vector?.sent ?? 0),
    }
  }

  return {
    recent,
    counts,
    child({ source, stream, line, tenant }) {
      const { logging, files, vector } = outlets
      const options = tenant === undefined ? {} : { tenant }
      spec.writeLine(formatChildLine(logging.format, source, stream, line, { ...options, colour: spec.colour }))
      recent.add({ at: Date.now(), source, stream, line })
      files?.write(source, formatChildLine(logging.format, source, stream, line, options))
      if (vector && (source !== VECTOR || tenant !== undefined)) vector.write(formatChildLine('json', source, stream, line, options))
    },
    access(bytes) {
      // A copy: what stdout gets is its own.
      outlets.vector?.writeLines(bytes.slice())
      spec.writeAccess(bytes)
    },
    own({ json, text }) {
      recent.add({ at: Date.now(), source: 'navigator', stream: 'stdout', line: text })
      outlets.vector?.write(json)
    },
    adopt(logging) {
      outlets.files?.reopen()
      if (isSame(outlets.logging, logging)) {
        outlets = { ...outlets, logging }
        return
      }
      outlets.vector?.close()
      Object.assign(past, counts())
      outlets = open(logging, spec.log)
    },
    reopen: () => outlets.files?.reopen(),
    drained: async (withinMs) => outlets.vector?.drained(withinMs),
    flushSync: (withinMs) => outlets.files?.flushSync(withinMs),
  }
}

type Outlets = { readonly logging: LoggingSection; readonly files: LogFiles | undefined; readonly vector: VectorWriter | undefined }

const open = (logging: LoggingSection, log: () => Logger): Outlets => {
  const { file, vector } = logging
  return {
    logging,
    files: file === undefined ? undefined : createLogFiles(file, (path, err) => log().error({ path, err }, 'log file cannot be opened')),
    vector: vector?.enabled && vector.socket !== undefined ? openVector(vector.socket, log) : undefined,
  }
}

const openVector = (socket: string, log: () => Logger): VectorWriter => {
  const writer = createVectorWriter(socket, {
    onChange(isConnected, reason) {
      if (isConnected) log().info({ socket, dropped: writer.dropped }, 'vector connected')
      else log().warn({ socket, reason, dropped: writer.dropped }, 'vector not connected')
    },
  })
  return writer
}

const isSame = (a: LoggingSection, b: LoggingSection): boolean => JSON.stringify([a.file, a.vector]) === JSON.stringify([b.file, b.vector])
