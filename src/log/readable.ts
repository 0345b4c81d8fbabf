import { colourOf, paint } from './colour.ts'

type Fields = Readonly<Record<string, string | number | undefined>>

/** An access line as a person reads it on a terminal: time, status, method, address, how long, how much, whose. Supervisor thread. */
export const readableAccessLine = (json: string): string => {
  const fields = parse(json)
  if (!fields) return json
  const status = Number(fields['status'])
  const tenant = fields['tenant']
  return [
    paint('gray', String(fields['@timestamp']).slice(11, 23)),
    paint(statusColour(status), String(status)),
    String(fields['method']).padEnd(4),
    fields['uri'],
    paint('gray', `${duration(Number(fields['request_time']))} ${size(Number(fields['body_bytes_sent']))}`),
    ...(tenant === undefined ? [] : [paint(colourOf(String(tenant)), String(tenant))]),
    ...(fields['error_message'] === undefined ? [] : [paint('red', String(fields['error_message']))]),
  ].join(' ')
}

const parse = (json: string): Fields | undefined => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined // not one of our lines: shown as it is
  }
}

const statusColour = (status: number) => (status >= 500 ? 'red' : status >= 400 ? 'yellow' : status >= 300 ? 'cyan' : 'green')

const duration = (seconds: number): string => (seconds < 1 ? `${Math.round(seconds * 1_000)}ms` : `${seconds.toFixed(1)}s`)

const size = (bytes: number): string => {
  if (bytes < 1_000) return `${bytes}B`
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)}kB` : `${(bytes / 1_000_000).toFixed(1)}MB`
}
