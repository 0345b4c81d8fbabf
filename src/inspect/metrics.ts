import type { Destinations } from '../log/destinations.ts'
import { BOUNDS_MS } from '../protocol/traffic.ts'
import type { PsReport, PsRow } from '../supervisor/report.ts'
import type { Recorder } from './recorder.ts'
import type { Traffic } from './traffic.ts'

/** What metrics are made from. */
export type MetricFacts = {
  readonly ps: PsReport
  readonly traffic: Traffic
  readonly recorder: Recorder
  readonly losses: ReturnType<Destinations['counts']> & { readonly stdoutDropped: number }
  readonly reloads: number
  /** Longest time the supervisor's event loop was late since the last look, in ms. */
  readonly loopDelayMs: number
}

/** Metrics in the text format of Prometheus, version 0.0.4. Names end in their units; times are seconds, sizes bytes. */
export const renderMetrics = (facts: MetricFacts): string =>
  [...requestFamilies(facts.traffic), ...machineFamilies(facts), ...ownFamilies(facts)].map(renderFamily).join('')

type Labels = Readonly<Record<string, string>>
type Sample = { readonly suffix?: string; readonly labels?: Labels; readonly value: number }
type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

const renderFamily = ({ name, type, help, samples }: Family): string => {
  if (samples.length === 0) return ''
  const lines = samples.map(({ suffix = '', labels = {}, value }) => `navigator_${name}${suffix}${renderLabels(labels)} ${value}\n`)
  return `# HELP navigator_${name} ${help}\n# TYPE navigator_${name} ${type}\n${lines.join('')}`
}

const renderLabels = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const requestFamilies = (traffic: Traffic): readonly Family[] => {
  const totals = traffic.names().map((tenant) => ({ tenant, ...traffic.total(tenant)! }))
  return [
    {
      name: 'requests_total',
      type: 'counter',
      help: 'Requests that have ended, by tenant (empty: none) and class of status.',
      samples: totals.flatMap(({ tenant, classes }) =>
        classes.map((value, index) => ({ labels: { tenant, status: `${index + 1}xx` }, value })).filter(({ value }) => value > 0),
      ),
    },
    {
      name: 'request_duration_seconds',
      type: 'histogram',
      help: 'From the head of a request to the end of its response.',
      samples: totals.flatMap(({ tenant, histogram, sumMs }) => histogramOf({ tenant }, histogram, sumMs)),
    },
  ]
}

const histogramOf = (labels: Labels, histogram: readonly number[], sumMs: number): readonly Sample[] => {
  let count = 0
  const buckets = histogram.map((value, index) => {
    count += value
    const bound = BOUNDS_MS[index]
    return { suffix: '_bucket', labels: { ...labels, le: bound === undefined ? '+Inf' : String(bound / 1_000) }, value: count }
  })
  return [...buckets, { suffix: '_sum', labels, value: sumMs / 1_000 }, { suffix: '_count', labels, value: count }]
}

const machineFamilies = ({ ps: { rows }, recorder }: MetricFacts): readonly Family[] => {
  const tenants = rows.filter(({ kind }) => kind === 'tenant')
  const starts = tenants.map(({ name }) => ({ labels: { tenant: name }, ...recorder.starts(name) })).filter(({ count }) => count > 0)
  const gauge = (name: string, help: string, of: readonly PsRow[], read: (row: PsRow) => number | undefined): Family => ({
    ...{ name, help, type: 'gauge' },
    samples: of.flatMap((row) => {
      const value = read(row)
      return value === undefined ? [] : [{ labels: labelsOf(row), value }]
    }),
  })
  return [
    {
      ...{ name: 'state', type: 'gauge', help: 'The state a tenant, process or worker is in now; always 1.' },
      samples: rows.map((row) => ({ labels: { ...labelsOf(row), state: row.state }, value: 1 })),
    },
    gauge('requests_in_flight', 'Requests a tenant serves now.', tenants, ({ inFlight }) => inFlight),
    gauge('sockets', 'WebSockets a tenant has open now.', tenants, ({ sockets }) => sockets),
    gauge('memory_bytes', 'Resident memory of the process.', rows, ({ memoryBytes }) => memoryBytes),
    gauge('cpu_ratio', 'Share of one core since the last look.', rows, ({ cpuPercent }) =>
      cpuPercent === undefined ? undefined : cpuPercent / 100,
    ),
    {
      ...{ name: 'restarts_total', type: 'counter', help: 'Crashes since navigator started.' },
      samples: rows.map((row) => ({ labels: labelsOf(row), value: row.restarts })),
    },
    {
      ...{ name: 'cold_starts_total', type: 'counter', help: 'Starts of a tenant that ended with it being ready.' },
      samples: starts.map(({ labels, count }) => ({ labels, value: count })),
    },
    {
      ...{ name: 'cold_start_seconds_total', type: 'counter', help: 'Time those starts took together.' },
      samples: starts.map(({ labels, sumMs }) => ({ labels, value: sumMs / 1_000 })),
    },
  ]
}

const labelsOf = ({ kind, name }: PsRow): Labels => ({ kind, name })

const ownFamilies = ({ ps, losses, reloads, loopDelayMs }: MetricFacts): readonly Family[] => [
  one('start_time_seconds', 'gauge', 'When navigator started, in seconds since 1970.', ps.startedAt / 1_000),
  one('reloads_total', 'counter', 'Reloads that have begun.', reloads),
  one('event_loop_delay_seconds', 'gauge', "Longest time the supervisor's event loop was late since the last look.", loopDelayMs / 1_000),
  one('supervisor_memory_bytes', 'gauge', 'Resident memory of navigator itself.', process.memoryUsage.rss()),
  {
    ...{ name: 'log_lines_dropped_total', type: 'counter', help: 'Log lines lost because a destination did not keep up.' },
    samples: [
      { labels: { destination: 'stdout' }, value: losses.stdoutDropped },
      { labels: { destination: 'file' }, value: losses.fileDropped },
      { labels: { destination: 'vector' }, value: losses.vectorDropped },
    ],
  },
  one('vector_lines_sent_total', 'counter', 'Log lines sent to Vector.', losses.vectorSent),
]

const one = (name: string, type: Family['type'], help: string, value: number): Family => ({ name, type, help, samples: [{ value }] })
