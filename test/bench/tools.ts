import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { countsInstructions } from './measure.ts'

/** A program the benchmark uses: its version, or what stays unmeasured without it. */
export type Tool = { readonly name: string; readonly version?: string; readonly lost: string }

/** What was found on this machine. */
export type Tools = {
  readonly all: readonly Tool[]
  /** Whether CPU instructions can be counted; else CPU time is all there is. */
  readonly countsInstructions: boolean
  has(name: string): boolean
}

/** The machine, for the result files. */
export type Machine = {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  /** Load average of the last minute at the start: above 0.5 the figures are those of a busy machine. */
  readonly load: number
}

/** Looks for the peers and instruments. */
export const findTools = (): Tools => {
  const all: readonly Tool[] = [
    tool('wrk', ['-v'], /wrk (\S+)/, 'everything: it makes the load'),
    tool('nginx', ['-v'], /nginx\/(\S+)/, 'the nginx columns'),
    tool('haproxy', ['-v'], /HAProxy version (\S+)/, 'the HAProxy column'),
    tool('perf', ['--version'], /perf version (\S+)/, 'instructions per request'),
  ]
  const has = (name: string) => all.some((one) => one.name === name && one.version !== undefined)
  return { all, has, countsInstructions: has('perf') && countsInstructions() }
}

/** Describes this machine. */
export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
  load: loadavg()[0] ?? 0,
})

const tool = (name: string, args: readonly string[], pattern: RegExp, lost: string): Tool => {
  const version = pattern.exec(outputOf(name, args))?.[1]
  return version === undefined ? { name, lost } : { name, version, lost }
}

// `nginx -v` speaks on standard error, `wrk -v` exits with 1; Debian keeps servers in /usr/sbin.
const outputOf = (name: string, args: readonly string[]): string => {
  try {
    return execFileSync('sh', ['-c', `PATH="$PATH:/usr/sbin:/sbin" exec "$0" "$@" 2>&1; true`, name, ...args], { encoding: 'utf8' })
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
  }
}
