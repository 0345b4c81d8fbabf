import { mkdirSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import type { Crew } from './crew.ts'
import type { Load, LoadResult } from './load.ts'
import type { Report } from './report.ts'
import type { Tools } from './tools.ts'

/** How much to measure. */
export type Settings = {
  /** Alternated rounds per figure; the median is reported. */
  readonly rounds: number
  /** Length of one round. */
  readonly seconds: number
  /** Length of the soak. */
  readonly minutes: number
  readonly isQuick: boolean
  /** Peers to measure; all that are installed when empty. */
  readonly only: readonly string[]
}

/** What every part works with. */
export type Bench = {
  readonly settings: Settings
  readonly tools: Tools
  readonly crew: Crew
  /** Temporary directory of this run, removed at its end. */
  readonly directory: string
  /** The checkout that is measured. */
  readonly checkout: string
  readonly report: Report
  readonly putLoad: (load: Load) => Promise<LoadResult>
}

/** Makes a directory for one process of the run and gives its path. */
export const makeRoom = (bench: Bench, name: string): string => {
  const room = join(bench.directory, name)
  mkdirSync(room, { recursive: true })
  return room
}

/** A port that nobody listens on now. */
export const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = address !== null && typeof address === 'object' ? address.port : Number.NaN
      server.close(() => resolve(port))
    })
  })

/** Resolves after the time. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The middle value; the upper one of two. NaN of nothing. */
export const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** The value below which the share (0…1) of all lies. NaN of nothing. */
export const quantileOf = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
