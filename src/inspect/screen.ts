import type { PsRow } from '../supervisor/report.ts'
import { quantileOf } from './traffic.ts'
import type { InspectReport } from './watch-commands.ts'

/** Colours a text, or leaves it. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'gray' | 'inverse', text: string) => string

/** The report before, for what is counted per second. */
export type Previous = Pick<InspectReport, 'at' | 'traffic'>

export type Sort = (typeof SORTS)[number]
export const SORTS = ['name', 'state', 'requests', 'latency', 'memory', 'cpu'] as const

/** What of a report is to be seen, and how. */
export type View = {
  readonly previous: Previous | undefined
  /** Part of a name; '' for all. */
  readonly filter: string
  readonly sort: Sort
  /** Which row is marked; -1 for none. */
  readonly selected: number
  /** Lines and columns there is room for; 0 for any number. */
  readonly height: number
  readonly width: number
}

/** A row with what is known of its traffic since the report before. */
export type Shown = {
  readonly row: PsRow
  /** Path of the machine's state. */
  readonly path: string
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The rows to be seen, filtered and sorted. */
export const shownRows = (
  report: InspectReport,
  { previous, filter, sort }: Pick<View, 'previous' | 'filter' | 'sort'>,
): readonly Shown[] => {
  const rows = report.rows.filter(({ name }) => name.includes(filter)).map((row) => enrich(row, report, previous))
  const by: Readonly<Record<Sort, (a: Shown, b: Shown) => number>> = {
    name: () => 0,
    state: (a, b) => a.row.state.localeCompare(b.row.state),
    requests: (a, b) => b.perSecond - a.perSecond || b.row.requests - a.row.requests,
    latency: (a, b) => b.p99Ms - a.p99Ms,
    memory: (a, b) => (b.row.memoryBytes ?? 0) - (a.row.memoryBytes ?? 0),
    cpu: (a, b) => (b.row.cpuPercent ?? 0) - (a.row.cpuPercent ?? 0),
  }
  return rows.sort(by[sort])
}

/** One screen, line by line. */
export const formatScreen = (report: InspectReport, view: View, paint: Paint): readonly string[] => {
  const rows = shownRows(report, view)
  const room = view.height === 0 ? rows.length : Math.max(1, view.height - 3)
  const first = Math.max(0, Math.min(view.selected - Math.floor(room / 2), rows.length - room))
  const nameWidth = Math.max(4, ...rows.map(({ row }) => row.name.length))
  const head = ['KIND'.padEnd(7), 'NAME'.padEnd(nameWidth), ...COLUMNS.map(({ title, width }) => title.padStart(width))].join('  ')
  const awake = report.rows.filter(({ kind, pid }) => kind === 'tenant' && pid !== undefined).length
  const title = `navigator ${report.pid} on ${report.address.host}:${report.address.port}, ${report.states['server/server']}, ${awake} tenants awake`
  return [
    paint('bold', title) + paint('dim', `  by ${view.sort}${view.filter ? `, of "${view.filter}"` : ''}`),
    paint('bold', cut(head, view.width)),
    ...rows.slice(first, first + room).map((shown, index) => {
      const line = cut(formatRow(shown, nameWidth, report.at), view.width)
      return first + index === view.selected ? paint('inverse', line) : paint(STYLES[shown.row.state], line)
    }),
  ]
}

const enrich = (row: PsRow, report: InspectReport, previous: Previous | undefined): Shown => {
  const path = report.states[`${row.kind}/${row.name}`] ?? row.state
  const now = row.kind === 'tenant' ? report.traffic[row.name] : undefined
  if (!now) return { row, path, perSecond: 0, p50Ms: 0, p99Ms: 0 }
  const before = previous?.traffic[row.name]
  const recent = now.histogram.map((count, index) => count - (before?.histogram[index] ?? 0))
  const requests = recent.reduce((sum, count) => sum + count, 0)
  const seconds = previous ? (report.at - previous.at) / 1_000 : 0
  const histogram = requests > 0 ? recent : now.histogram
  return {
    row,
    path,
    perSecond: seconds > 0 ? requests / seconds : 0,
    p50Ms: quantileOf(histogram, 0.5),
    p99Ms: quantileOf(histogram, 0.99),
  }
}

const STYLES = { stopped: 'gray', starting: 'yellow', ready: 'green', idle: 'cyan', stopping: 'yellow', crashed: 'red' } as const

const COLUMNS: readonly { readonly title: string; readonly width: number; cell(shown: Shown, at: number): string }[] = [
  { title: 'STATE', width: 26, cell: ({ path }) => path },
  { title: 'FOR', width: 7, cell: ({ row }, at) => span(at - row.since) },
  { title: 'REQ/S', width: 7, cell: ({ perSecond }) => (perSecond === 0 ? '-' : perSecond.toFixed(perSecond < 10 ? 1 : 0)) },
  { title: 'P50', width: 7, cell: ({ p50Ms }) => latency(p50Ms) },
  { title: 'P99', width: 7, cell: ({ p99Ms }) => latency(p99Ms) },
  { title: 'FLIGHT', width: 6, cell: ({ row }) => String(row.inFlight || '-') },
  { title: 'SOCKETS', width: 7, cell: ({ row }) => String(row.sockets || '-') },
  { title: 'MEMORY', width: 7, cell: ({ row }) => (row.memoryBytes === undefined ? '-' : `${Math.round(row.memoryBytes / 1024 ** 2)}M`) },
  { title: 'CPU', width: 5, cell: ({ row }) => (row.cpuPercent === undefined ? '-' : `${Math.round(row.cpuPercent)}%`) },
  { title: 'CRASHES', width: 7, cell: ({ row }) => String(row.restarts || '-') },
]

const formatRow = (shown: Shown, nameWidth: number, at: number): string =>
  [shown.row.kind.padEnd(7), shown.row.name.padEnd(nameWidth), ...COLUMNS.map(({ width, cell }) => cell(shown, at).padStart(width))].join(
    '  ',
  )

const latency = (ms: number): string =>
  ms === 0 ? '-' : ms < 10 ? `${ms.toFixed(1)}ms` : ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`

const cut = (line: string, width: number): string => (width > 0 && line.length > width ? line.slice(0, width) : line)

/** `45s`, `12m`, `3h`, `4d`. */
const span = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`
}
