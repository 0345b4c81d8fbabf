import type { PublicState } from '../protocol/routing-snapshot.ts'
import type { PsReport, PsRow } from '../supervisor/report.ts'
import type { Paint } from './paint.ts'

type Column = { readonly title: string; readonly toRight?: boolean; cell(row: PsRow, now: number): string }

const ABSENT = '-'
const whole = (value: number | undefined): string => (value === undefined ? ABSENT : String(value))

const COLUMNS: readonly Column[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'KIND', cell: ({ kind }) => kind },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'SINCE', toRight: true, cell: ({ since }, now) => span(now - since) },
  { title: 'PID', toRight: true, cell: ({ pid }) => whole(pid) },
  { title: 'PORT', toRight: true, cell: ({ port }) => whole(port) },
  { title: 'INFLIGHT', toRight: true, cell: ({ inFlight }) => whole(inFlight) },
  { title: 'SOCKETS', toRight: true, cell: ({ sockets }) => whole(sockets) },
  { title: 'REQUESTS', toRight: true, cell: ({ requests }) => whole(requests) },
  { title: 'MEMORY', toRight: true, cell: ({ memoryBytes }) => (memoryBytes === undefined ? ABSENT : size(memoryBytes)) },
  {
    title: 'CPU',
    toRight: true,
    cell: ({ cpuPercent }) => (cpuPercent === undefined ? ABSENT : `${cpuPercent.toFixed(cpuPercent < 10 ? 1 : 0)}%`),
  },
]

const STATE_STYLES: Readonly<Record<PublicState, Parameters<Paint>[0]>> = {
  stopped: 'gray',
  starting: 'yellow',
  ready: 'green',
  idle: 'cyan',
  stopping: 'yellow',
  crashed: 'red',
}

/** The report as a table, ending in a newline. Under a row that failed stands why, and what it wrote last. `now` in epoch ms. */
export const formatPs = ({ rows }: PsReport, { now, paint }: { now: number; paint: Paint }): string => {
  const cells = rows.map((row) => COLUMNS.map((column) => column.cell(row, now)))
  const widths = COLUMNS.map(({ title }, index) => Math.max(title.length, ...cells.map((line) => line[index]!.length)))
  const fit = (text: string, index: number) => (COLUMNS[index]!.toRight ? text.padStart(widths[index]!) : text.padEnd(widths[index]!))
  const head = COLUMNS.map(({ title }, index) => fit(title, index))
    .join('  ')
    .trimEnd()
  const lines = rows.flatMap((row, number) => {
    const line = cells[number]!.map((text, index) => {
      const fitted = fit(text, index)
      return COLUMNS[index]!.title === 'STATE' ? paint(STATE_STYLES[row.state], fitted) : fitted
    })
    return [line.join('  ').trimEnd(), ...explain(row, now).map((text) => paint('red', `  ${text}`))]
  })
  return `${[paint('bold', head), ...lines].join('\n')}\n`
}

/** Why a row stands where it does, where that is not plain. */
const explain = ({ state, failure, lastExit, restarts, oomKills, tail = [] }: PsRow, now: number): readonly string[] => {
  const killed = oomKills === undefined ? [] : [`killed for want of memory: ${oomKills}`]
  if (!failure && state !== 'crashed') return killed
  const reason = failure?.reason ?? 'ended by itself'
  const times = restarts > 1 ? [`${restarts} crashes`] : []
  const next = failure && failure.retryAt > now ? [`next try in ${span(failure.retryAt - now)}`] : []
  const lines = tail.flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '')
  return [
    ...killed,
    [reason, ...describeExit(lastExit), ...times, ...next].join(', '),
    ...lines.slice(-MOST_TAIL_LINES).map((line) => `| ${printable(line)}`),
  ]
}

/** Nothing for a program that never ran. */
const describeExit = (exit: PsRow['lastExit']): readonly string[] => {
  if (exit?.signal) return [`ended by ${exit.signal}`]
  return exit && exit.code !== null ? [`exit code ${exit.code}`] : []
}

const MOST_TAIL_LINES = 5

/** What an app wrote may hold escape sequences that would act on this terminal. */
const printable = (line: string): string => line.replace(/[^\P{Cc}\t]/gu, '\ufffd')

/** `45s`, `12m`, `3h05m`, `4d`. */
const span = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (minutes === 0) return `${seconds}s`
  if (hours === 0) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`
  return hours < 48 ? `${hours}h${String(minutes % 60).padStart(2, '0')}m` : `${Math.floor(hours / 24)}d`
}

/** In binary units: `512K`, `31.4M`, `1.2G`. */
const size = (bytes: number): string => {
  const mebibytes = bytes / 1024 ** 2
  if (mebibytes < 1) return `${Math.round(bytes / 1024)}K`
  return mebibytes < 1024 ? `${mebibytes.toFixed(mebibytes < 100 ? 1 : 0)}M` : `${(mebibytes / 1024).toFixed(1)}G`
}
