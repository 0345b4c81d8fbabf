import { localTimestamp } from './timestamp.ts'

const BATCH_MS = 100
const BATCH_BYTES = 256 * 1024
/** The most that one UTF-16 unit becomes in UTF-8. */
const BYTES_PER_UNIT = 3
const LINE_END = 10

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
  `{"@timestamp":"${localTimestamp(r.doneAt)}${clientPart(r.clientIp)}${safe(r.remoteUser)}","method":"${safe(r.method)}","uri":"${safe(r.uri)}` +
  `","protocol":"${r.protocol}","status":${r.status},"body_bytes_sent":${r.bodyBytesSent},"request_id":"${safe(r.requestId)}` +
  `","request_time":"${seconds(r.requestTimeMs)}","referer":"${safe(r.referer)}","user_agent":"${safe(r.userAgent)}` +
  `","fly_request_id":"${safe(r.flyRequestId)}"` +
  (r.tenant ? tenantPart(r.tenant) : '') +
  (r.responseType ? `,"response_type":"${r.responseType}"` : '') +
  (r.destination ? `,"destination":"${safe(r.destination)}"` : '') +
  (r.proxyBackend ? backendPart(r.proxyBackend) : '') +
  (r.filePath ? `,"file_path":"${safe(r.filePath)}"` : '') +
  (r.errorMessage ? `,"error_message":"${safe(r.errorMessage)}"` : '') +
  (r.rewrittenUri ? `,"rewritten_uri":"${safe(r.rewrittenUri)}"}` : '}')

/** Where the end of every request is told, by whichever lane. Worker thread. */
export type AccessLog = { record(record: AccessRecord): void }

/** Writes the line of each request, and counts it. */
export const createAccessLog = (batch: LineBatch, count: (record: AccessRecord) => void): AccessLog => ({
  record(record) {
    batch.add(formatAccessLine(record))
    count(record)
  },
})

/** Gathers lines and posts them together. Worker thread. */
export type LineBatch = {
  /** One line, without line end. */
  add(line: string): void
  /** Posts now what has been gathered: for the end of the thread. */
  flush(): void
}

/**
 * Posts whole lines 100 ms after the first of them, or as soon as there are 256 KB: each post wakes the supervisor's thread, which
 * costs as much as 200 lines. `post` gets bytes of their own buffer, which it may transfer. An error of `post` is the caller's.
 */
export const createLineBatch = (post: (bytes: Uint8Array<ArrayBuffer>) => void): LineBatch => {
  let batch = Buffer.allocUnsafeSlow(BATCH_BYTES)
  let used = 0
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (used === 0) return
    const isWorthGiving = used > batch.length / 2
    const bytes = isWorthGiving ? batch.subarray(0, used) : new Uint8Array(batch.subarray(0, used))
    used = 0
    if (isWorthGiving) batch = Buffer.allocUnsafeSlow(BATCH_BYTES)
    post(bytes)
  }
  const makeRoom = (bytes: number) => {
    flush()
    if (bytes > batch.length) batch = Buffer.allocUnsafeSlow(bytes)
  }

  return {
    flush,
    add(line) {
      const most = line.length * BYTES_PER_UNIT + 1
      if (used + most > batch.length) makeRoom(most)
      used += batch.write(line, used)
      batch[used++] = LINE_END
      timer ??= setTimeout(flush, BATCH_MS)
    },
  }
}

/** Remembers what it gave last: most lines are about the client, or the tenant, of the line before. */
const rememberLast = (write: (text: string) => string): ((text: string) => string) => {
  let last = ''
  let written = write(last)
  return (text) => {
    if (text !== last) {
      last = text
      written = write(text)
    }
    return written
  }
}

/** Anything but blank, `!`, `#`-`[`, `]`-U+D7FF is rare enough for the slow way: controls, quotes, backslashes, surrogates. */
const UNUSUAL = /[^ !#-[\]-\ud7ff]/
/** As it stands between the quotes of a JSON string. */
const safe = (text: string): string => (text !== '' && UNUSUAL.test(text) ? JSON.stringify(text).slice(1, -1) : text)

const clientPart = rememberLast((address) => `","client_ip":"${safe(address)}","remote_user":"`)
const tenantPart = rememberLast((tenant) => `,"tenant":"${safe(tenant)}"`)
const backendPart = rememberLast((backend) => `,"proxy_backend":"${safe(backend)}"`)

const seconds = (ms: number): string => {
  const whole = Math.round(ms)
  const rest = whole % 1_000
  return `${(whole - rest) / 1_000}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}
