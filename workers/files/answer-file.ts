/** What a GET or HEAD for a file gets: the file, a part of it, or that nothing need be sent. */

import { type Coding, preferredCoding } from '../accept-encoding.ts'
import { CODINGS } from '../compression-policy.ts'
import type { Answer, Exchange, FileVerdict, HeaderList } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'
import { chooseRange, judgeConditions } from './conditions.ts'
import type { Representation } from './public-file.ts'

/** `representations` are those of one file, the plain one first. */
export const answerFile = (exchange: Exchange, representations: readonly Representation[], now: number): Answer | FileVerdict => {
  const file = chooseRepresentation(exchange, representations)
  switch (judgeConditions(exchange, file.facts)) {
    case 'not-modified':
      return { kind: 'respond', status: 304, headers: file.headers.filter(isOfNotModified), body: '', responseType: 'static' }
    case 'precondition-failed':
      return errorAnswer(exchange, 412, { errorMessage: 'the file is another than the client knows' })
    case 'send':
      return exchange.method === 'GET' ? answerRange(exchange, file, now) : wholeFile(file)
  }
}

const CLOSE = Buffer.from('Connection: close\r\n\r\n')

/**
 * The whole answer out of memory as it goes on the wire, head included, dated now; for HEAD the head alone. `close` says that
 * the connection ends with it. Undefined: it is a part of a file, or has to be read from disk. The octets never change.
 */
export const answerFromMemory = (exchange: Exchange, verdict: FileVerdict, close: boolean): Buffer | undefined => {
  if (verdict.status !== 200) return undefined
  const { memory } = exchange.routing.files
  const now = Date.now()
  const isHead = exchange.method === 'HEAD'
  if (!close) return isHead ? memory.head(verdict.file, now) : memory.message(verdict.file, now)
  const head = memory.head(verdict.file, now)
  return head && Buffer.concat([head.subarray(0, -2), CLOSE, ...(isHead ? [] : [memory.body(verdict.file)!])])
}

const answerRange = (exchange: Exchange, file: Representation, now: number): Answer | FileVerdict => {
  const range = chooseRange(exchange, file.facts, now)
  if (range === 'whole') return wholeFile(file)
  const { size } = file.facts
  if (range === 'unsatisfiable') {
    const refusal = errorAnswer(exchange, 416, { errorMessage: `range ${exchange.header('range')} of ${size} octets` })
    return { ...refusal, headers: [...refusal.headers, ['Content-Range', `bytes */${size}`]] }
  }
  const contentRange = `bytes ${range.start}-${range.start + range.length - 1}/${size}`
  return { kind: 'file', status: 206, file, headers: [...file.headers, ['Content-Range', contentRange]], ...range }
}

/** The verdict that the file is to be sent whole. */
export const wholeFile = (file: Representation): FileVerdict => ({
  kind: 'file',
  status: 200,
  file,
  headers: file.headers,
  start: 0,
  length: file.facts.size,
})

const chooseRepresentation = (exchange: Exchange, representations: readonly Representation[]): Representation => {
  const [plain, ...encoded] = representations
  if (encoded.length === 0) return plain!.mayBeCompressed ? compressed(exchange, plain!) : plain!
  const offered = encoded.map(({ coding }) => coding as Coding)
  const coding = preferredCoding(exchange.header('accept-encoding'), offered)
  return representations.find((file) => file.coding === coding)!
}

const compressed = (exchange: Exchange, plain: Representation): Representation => {
  const coding = preferredCoding(exchange.header('accept-encoding'), CODINGS)
  return (coding && exchange.routing.files.memory.compressed(plain, coding)) ?? plain
}

const NOT_MODIFIED_FIELDS: ReadonlySet<string> = new Set(['etag', 'cache-control', 'vary', 'expires', 'content-location'])

const isOfNotModified = ([name]: HeaderList[number]): boolean => NOT_MODIFIED_FIELDS.has(name.toLowerCase())
