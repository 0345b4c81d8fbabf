import { pino } from 'pino'
import { NavigatorError } from '../errors.ts'
import { paint } from './colour.ts'
import type { Sink } from './sink.ts'
import { localTimestamp } from './timestamp.ts'

/** What navigator's code logs with: values first, then a constant clause. Supervisor thread. */
export type Logger = {
  debug: LogLine
  info: LogLine
  warn: LogLine
  error: LogLine
  /** The same with values on every line: `tenant`, `worker`, `request`. */
  child(bindings: Fields): Logger
  /** Changes with a reload; children made before keep theirs. */
  level: string
}
/** An Error goes under the key `err`. */
export type LogLine = { (fields: Fields, message: string): void; (message: string): void }
export type Fields = Readonly<Record<string, unknown>>

export type LoggerOptions = {
  readonly format: 'text' | 'json'
  /** debug, info, warn (or warning) or error, in any case. */
  readonly level: string
  readonly sink: Sink
  /** Short coloured lines for a terminal instead of `key=value` ones. Text only. */
  readonly colour: boolean
  /** Hears each line besides, as a JSON object and as text without colours. */
  readonly also?: (line: { readonly json: string; readonly text: string }) => void
}

/**
 * Navigator's own log. JSON: `{"time","level","msg",…}`; text: `time=… level=INFO msg="…" key=value`; on a terminal short and coloured.
 * @throws NAV_USAGE when the level is none.
 */
export const createLogger = ({ format, level, sink, colour, also }: LoggerOptions): Logger => {
  const render = format === 'json' ? JSON.stringify : colour ? renderForTerminal : renderText
  return pino(
    {
      level: levelNamed(level),
      base: null,
      timestamp: () => `,"time":"${localTimestamp(Date.now())}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      serializers: { err: describeError },
    },
    {
      write(line: string) {
        const record = inOrder(line)
        sink.write(render(record))
        also?.({ json: JSON.stringify(record), text: renderText(record) })
      },
    },
  )
}

const LEVELS: Readonly<Record<string, string>> = { debug: 'debug', info: 'info', warn: 'warn', warning: 'warn', error: 'error' }

const levelNamed = (level: string): string => {
  const name = LEVELS[level.toLowerCase()]
  if (name === undefined)
    throw new NavigatorError('NAV_USAGE', `log level "${level}" is not known`, { hint: 'LOG_LEVEL is debug, info, warn or error' })
  return name
}

type LogRecord = { readonly time: string; readonly level: string; readonly msg: string } & Fields

/** pino writes the level first; the readers of the Go program's log know time, level, msg. Lifecycle lines are few. */
const inOrder = (line: string): LogRecord => {
  const { time, level, msg, ...fields } = JSON.parse(line)
  return { time, level, msg, ...fields }
}

const describeError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error
  if (!(error instanceof NavigatorError)) return { message: error.message, stack: error.stack }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.at && { at: error.at }),
  }
}

const renderText = (record: LogRecord): string =>
  Object.entries(record)
    .map(([key, value]) => `${key}=${key === 'msg' ? JSON.stringify(value) : word(key === 'err' ? sentence(value) : value)}`)
    .join(' ')

const LEVEL_COLOURS = { DEBUG: 'gray', INFO: 'green', WARN: 'yellow', ERROR: 'red' } as const

const renderForTerminal = ({ time, level, msg, ...fields }: LogRecord): string => {
  const colour = LEVEL_COLOURS[level as keyof typeof LEVEL_COLOURS]
  const pairs = Object.entries(fields).map(([key, value]) => ` ${paint('gray', `${key}=`)}${key === 'err' ? sentence(value) : word(value)}`)
  return `${paint('gray', time.slice(11, 23))} ${paint(colour, level.toLowerCase().padEnd(5))} ${msg}${pairs.join('')}`
}

/** For people, an error is its message and hint; a bug keeps its stack. */
const sentence = (err: unknown): string => {
  const { code, message, hint, stack } = Object(err)
  if (code === undefined) return String(stack ?? message ?? err)
  return `${code}: ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`
}

/** Quoted where a blank, a quote, an equals sign or a control would make the line ambiguous. */
const word = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[!#-<>-\ud7ff\ue000-\uffff]+$/.test(text) && !text.includes('\\') ? text : JSON.stringify(text)
}
