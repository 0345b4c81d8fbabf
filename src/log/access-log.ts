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
  /** Path and query as the client sent them. */
  readonly uri: string
  /** `HTTP/1.1`. Not escaped, nor is `responseType`: words of the program's own. */
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
  /** Path and query that a rewrite has made of `uri`. */
  readonly rewrittenUri?: string | undefined
}

/**
 * One JSON object without line end: the documented names in the documented order, optional ones left out when empty. Any thread.
 * Built by hand: a sixth of what a general logger takes, for every request.
 */
export const formatAccessLine = (r: AccessRecord): string =>
  `{"@timestamp":"${localTimestamp(r.doneAt)}","client_ip":"${safe(r.clientIp)}","remote_user":"${safe(r.remoteUser)}","method":"${safe(r.method)}` +
  `","uri":"${safe(r.uri)}","protocol":"${r.protocol}","status":${r.status},"body_bytes_sent":${r.bodyBytesSent}` +
  `,"request_id":"${safe(r.requestId)}","request_time":"${seconds(r.requestTimeMs)}","referer":"${safe(r.referer)}` +
  `","user_agent":"${safe(r.userAgent)}","fly_request_id":"${safe(r.flyRequestId)}"` +
  (r.tenant ? `,"tenant":"${safe(r.tenant)}"` : '') +
  (r.responseType ? `,"response_type":"${r.responseType}"` : '') +
  (r.destination ? `,"destination":"${safe(r.destination)}"` : '') +
  (r.proxyBackend ? `,"proxy_backend":"${safe(r.proxyBackend)}"` : '') +
  (r.filePath ? `,"file_path":"${safe(r.filePath)}"` : '') +
  (r.errorMessage ? `,"error_message":"${safe(r.errorMessage)}"` : '') +
  (r.rewrittenUri ? `,"rewritten_uri":"${safe(r.rewrittenUri)}"}` : '}')

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

/** Anything but blank, `!`, `#`-`[`, `]`-U+D7FF is rare enough for the slow way: controls, quotes, backslashes, surrogates. */
const UNUSUAL = /[^ !#-[\]-\ud7ff]/
/** As it stands between the quotes of a JSON string. */
const safe = (text: string): string => (UNUSUAL.test(text) ? JSON.stringify(text).slice(1, -1) : text)

const seconds = (ms: number): string => {
  const whole = Math.round(ms)
  const rest = whole % 1_000
  return `${(whole - rest) / 1_000}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}
