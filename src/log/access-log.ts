import { localTimestamp } from './timestamp.ts'

const BATCH_MS = 10
const BATCH_CHARACTERS = 64 * 1024

/** One answered request. What the log names otherwise is said at the field. */
export type AccessRecord = {
  /** When it was done, in epoch ms. */
  readonly doneAt: number
  readonly clientIp: string
  /** `-` for nobody. */
  readonly remoteUser: string
  readonly method: string
  /** Path and query. */
  readonly uri: string
  /** `HTTP/1.1`. */
  readonly protocol: string
  readonly status: number
  readonly bodyBytesSent: number
  readonly requestId: string
  /** Logged in seconds with three decimals, as a string. */
  readonly requestTimeMs: number
  readonly referer: string
  readonly userAgent: string
  readonly flyRequestId: string
  readonly tenant?: string | undefined
  readonly responseType?: string | undefined
  readonly destination?: string | undefined
  readonly proxyBackend?: string | undefined
  readonly filePath?: string | undefined
  readonly errorMessage?: string | undefined
}

/**
 * One JSON object without line end: the documented names in the documented order, optional ones left out when empty. Any thread.
 * Built by hand: a tenth of what a general logger takes, on the path of every request.
 */
export const formatAccessLine = (r: AccessRecord): string =>
  `{"@timestamp":"${localTimestamp(r.doneAt)}","client_ip":${quote(r.clientIp)},"remote_user":${quote(r.remoteUser)},"method":${quote(r.method)}` +
  `,"uri":${quote(r.uri)},"protocol":${quote(r.protocol)},"status":${r.status},"body_bytes_sent":${r.bodyBytesSent}` +
  `,"request_id":${quote(r.requestId)},"request_time":"${seconds(r.requestTimeMs)}","referer":${quote(r.referer)}` +
  `,"user_agent":${quote(r.userAgent)},"fly_request_id":${quote(r.flyRequestId)}` +
  `${optional('tenant', r.tenant)}${optional('response_type', r.responseType)}${optional('destination', r.destination)}` +
  `${optional('proxy_backend', r.proxyBackend)}${optional('file_path', r.filePath)}${optional('error_message', r.errorMessage)}}`

/** Gathers lines and posts them together. Worker thread. */
export type LineBatch = {
  /** One line, without line end. */
  add(line: string): void
  /** Posts now what has been gathered: for the end of the thread. */
  flush(): void
}

/**
 * Posts whole lines 10 ms after the first of them, or as soon as there are 64 KB. `post` gets bytes of their own buffer, which it may transfer.
 * An error of `post` is the caller's.
 */
export const createLineBatch = (post: (bytes: Uint8Array<ArrayBuffer>) => void): LineBatch => {
  let text = ''
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (text === '') return
    const lines = text
    text = ''
    post(encode(lines))
  }

  return {
    flush,
    add(line) {
      text += `${line}\n`
      if (text.length >= BATCH_CHARACTERS) flush()
      else timer ??= setTimeout(flush, BATCH_MS)
    },
  }
}

/** Not `Buffer.from`: that takes short texts from a buffer it shares with others, which must not be transferred. */
const encode = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

const optional = (name: string, value: string | undefined): string =>
  value === undefined || value === '' ? '' : `,"${name}":${quote(value)}`

/** Anything but blank, `!`, `#`-`[`, `]`-U+D7FF is rare enough for the slow way: controls, quotes, backslashes, surrogates. */
const UNUSUAL = /[^ !#-[\]-\ud7ff]/
const quote = (text: string): string => (UNUSUAL.test(text) ? JSON.stringify(text) : `"${text}"`)

const seconds = (ms: number): string => {
  const whole = Math.round(ms)
  const rest = whole % 1_000
  return `${(whole - rest) / 1_000}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}
