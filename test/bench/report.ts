import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine, Tools } from './tools.ts'

/** One figure or word per column. */
export type Row = Readonly<Record<string, string | number | undefined>>

/** What a part hands in: a table for people, and everything measured for programs. */
export type Result = {
  /** Name of the part and of its file: `bench/results/<name>.json`. */
  readonly name: string
  readonly title: string
  readonly rows: readonly Row[]
  /** How to read the columns, one sentence each. */
  readonly notes: readonly string[]
  /** Each peer's command line and configuration. */
  readonly peers: readonly PeerDescription[]
  /** Rounds and samples behind the rows. */
  readonly details?: unknown
}

/** What a peer was started with. */
export type PeerDescription = { readonly name: string; readonly command: string; readonly configuration: string }

/** Prints and keeps results. */
export type Report = {
  say(text: string): void
  /** Prints the table and writes the file. */
  add(result: Result): void
}

/** What stands in every result file, and the paths of this machine that must not: each is written as its name. */
export type About = {
  readonly machine: Machine
  readonly tools: Tools
  readonly settings: unknown
  readonly paths: Readonly<Record<string, string>>
}

/** Makes a report that writes into the directory. */
export const createReport = (directory: string, about: About): Report => {
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const seen = new Set<string>()
  return {
    say,
    add(measured) {
      const result = withoutPaths(measured, about.paths)
      for (const { command } of result.peers) if (!seen.has(command)) say(`  $ ${command}`)
      for (const { command } of result.peers) seen.add(command)
      say(`\n${result.title}\n${tableOf(result.rows)}`)
      for (const note of result.notes) say(`  ${note}`)
      say('')
      const { machine, tools, settings } = about
      const versions = Object.fromEntries(tools.all.map(({ name, version }) => [name, version ?? 'missing']))
      const record = { at: new Date().toISOString(), machine, versions, settings, ...result }
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, `${result.name}.json`), `${JSON.stringify(record, null, 2)}\n`)
    },
  }
}

/** What of a peer goes into the report. */
export const describe = ({ name, command, configuration }: PeerDescription): PeerDescription => ({ name, command, configuration })

/** A figure with three digits that count; a dash where there is none. */
export const figure = (value: number | undefined): string => {
  if (value === undefined || !Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 100) return value.toFixed(0)
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** Bytes as megabytes. */
export const megabytes = (bytes: number): string => figure(bytes / 1024 ** 2)

const withoutPaths = (result: Result, paths: About['paths']): Result => {
  let text = JSON.stringify(result)
  for (const [name, path] of Object.entries(paths)) text = text.replaceAll(path, name)
  return JSON.parse(text) as Result
}

/** Aligned columns: words to the left, figures to the right; none without a value. */
const tableOf = (rows: readonly Row[]): string => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((column) => rows.some((row) => row[column] !== undefined))
  const cells = rows.map((row) => columns.map((column) => textOf(row[column])))
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => row[index]!.length)))
  const isFigure = columns.map((_, index) => cells.every((row) => /^[-\d.,×%]*$/.test(row[index]!)))
  const line = (row: readonly string[]) =>
    `  ${row.map((text, index) => (isFigure[index] ? text.padStart(widths[index]!) : text.padEnd(widths[index]!))).join('  ')}`
  return [columns, widths.map((width) => '-'.repeat(width)), ...cells].map(line).join('\n')
}

const textOf = (value: string | number | undefined): string => (typeof value === 'number' ? figure(value) : (value ?? '-'))
