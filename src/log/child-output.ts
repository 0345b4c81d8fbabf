import { colourOf, paint } from './colour.ts'
import { localTimestamp } from './timestamp.ts'

/** How a child's lines are shown. */
export type ChildLineOptions = {
  /** Added to JSON lines when the child is a tenant's. */
  readonly tenant?: string
  /** Text only: the name in a colour of its own, stderr in red. */
  readonly colour?: boolean
  /** Epoch ms, for JSON. Now when absent. */
  readonly at?: number
}

/**
 * One line of a child's output for navigator's own stdout, without line end: `[source.stream] line`, or a JSON object. Supervisor thread.
 * In JSON, a line that is already an object with `@timestamp` and `severity`, as Rails writes, stays as it is.
 */
export const formatChildLine = (
  format: 'text' | 'json',
  source: string,
  stream: 'stdout' | 'stderr',
  line: string,
  options: ChildLineOptions = {},
): string => {
  if (format === 'json') return isLogRecord(line) ? line : jsonLine(source, stream, line, options)
  if (!options.colour) return `[${source}.${stream}] ${line}`
  return `${paint(colourOf(source), `[${source}`)}${stream === 'stderr' ? paint('red', '.stderr]') : paint(colourOf(source), ']')} ${line}`
}

const jsonLine = (source: string, stream: string, message: string, { at = Date.now(), tenant }: ChildLineOptions): string =>
  JSON.stringify({ '@timestamp': localTimestamp(at), source, stream, message, ...(tenant && { tenant }) })

const isLogRecord = (line: string): boolean => {
  if (!line.startsWith('{') || !line.includes('"@timestamp"') || !line.includes('"severity"')) return false
  try {
    const record: object = JSON.parse(line)
    return '@timestamp' in record && 'severity' in record
  } catch {
    return false
  }
}
