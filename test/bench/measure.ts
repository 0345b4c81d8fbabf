import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Bytes of memory, added up over processes. */
export type Memory = {
  /** Resident, shared pages counted once per process. */
  readonly rss: number
  /** Private pages: what would come free if the processes ended. */
  readonly uss: number
  /** Anonymous pages: heap and stacks, no mapped files. */
  readonly anonymous: number
}

/** Instructions spent by processes between start and `stop`, or undefined where the machine does not count them. */
export type InstructionCount = { stop(): Promise<number | undefined> }

const microsPerTick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** CPU time spent so far by all threads of the processes (utime + stime), in µs; one clock tick (10 ms) fine. */
export const cpuMicrosOf = (pids: readonly number[]): number => {
  let ticks = 0
  for (const pid of pids) {
    const fields = statFieldsOf(pid)
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * microsPerTick
}

/** Memory of the processes now, from smaps_rollup. */
export const memoryOf = (pids: readonly number[]): Memory => {
  const sums = { rss: 0, uss: 0, anonymous: 0 }
  for (const pid of pids) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const bytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) * 1024
    sums.rss += bytes('Rss')
    sums.uss += bytes('Private_Clean') + bytes('Private_Dirty')
    sums.anonymous += bytes('Anonymous')
  }
  return sums
}

/** Children, grandchildren and so on, not the process itself. */
export const descendantsOf = (pid: number): readonly number[] => {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = parentOf(Number(entry))
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: number[] = []
  const queue = [pid]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const born = children.get(next) ?? []
    found.push(...born)
    queue.push(...born)
  }
  return found
}

/** The command line of a process, or '' when it has ended. */
export const commandLineOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Whether the process exists and is no zombie. */
export const isAlive = (pid: number): boolean => {
  try {
    return statFieldsOf(pid)[0] !== 'Z'
  } catch {
    return false
  }
}

/** Whether `perf stat` counts instructions here. Virtual machines often do not. */
export const countsInstructions = (): boolean => {
  try {
    const args = ['stat', '-x', ',', '-o', '/dev/stdout', '-e', events, 'true']
    return sumOf(execFileSync('perf', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) !== undefined
  } catch {
    return false
  }
}

/** Starts to count the instructions of all threads the processes have now. */
export const countInstructions = (pids: readonly number[]): InstructionCount => {
  const perf = spawn('perf', ['stat', '-x', ',', '-e', events, '-p', pids.join(',')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const text = collect(perf)
  return {
    async stop() {
      perf.kill('SIGINT')
      return sumOf(await text)
    },
  }
}

const events = 'instructions:u,instructions:k'

const collect = async (perf: ChildProcess): Promise<string> => {
  let text = ''
  for await (const chunk of perf.stderr ?? []) text += chunk
  return text
}

const sumOf = (csv: string): number | undefined => {
  const counts = csv
    .split('\n')
    .filter((line) => line.includes('instructions'))
    .map((line) => Number(line.split(',')[0]))
  return counts.length === 2 && counts.every(Number.isFinite) ? counts[0]! + counts[1]! : undefined
}

/** Fields of /proc/PID/stat from the state on; the name before them may hold spaces. */
const statFieldsOf = (pid: number): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

const parentOf = (pid: number): number | undefined => {
  try {
    return Number(statFieldsOf(pid)[1])
  } catch {
    return undefined
  }
}
