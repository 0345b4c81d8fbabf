/** Sends the file that a tenant names with X-Sendfile or X-Accel-Redirect in place of a body. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FileVerdict, HeaderList } from '../exchange.ts'
import { answerFile, wholeFile } from '../files/answer-file.ts'
import { type FileFacts, factsAt, realPathOf } from '../files/facts.ts'
import { httpDate } from '../files/http-date.ts'
import { mediaTypeOf } from '../files/media-type.ts'
import { isBelow } from '../files/mount.ts'
import type { Representation } from '../files/public-file.ts'
import { errorAnswer } from '../responses.ts'
import { sendAnswer } from './answer.ts'
import { changingAnswer, sendFile } from './file.ts'
import type { Passage } from './passage.ts'
import { responseFields } from './relay.ts'

export type NamedFile = {
  readonly passage: Passage
  readonly response: ServerResponse
  readonly upstream: IncomingMessage
  /** Directories, absolute, that the file may be in. None: whatever a response says, it is passed on as it is. */
  readonly roots: readonly string[]
}

/** Gives false when the response names no file, or is none that a file could be the body of. */
export const takeSendfile = (named: NamedFile): boolean => {
  const path = named.roots.length === 0 || named.upstream.statusCode !== 200 ? undefined : pathIn(named.upstream)
  if (path === undefined) return false
  named.upstream.resume()
  send(named, path).catch((error: unknown) => {
    named.passage.responseType = 'error'
    named.passage.errorMessage = String(error)
    named.passage.request.socket.destroy()
  })
  return true
}

/** X-Accel-Redirect is percent-encoded, X-Sendfile is not. */
const pathIn = ({ headers }: IncomingMessage): string | undefined => {
  const [plain, encoded] = [headers['x-sendfile'], headers['x-accel-redirect']]
  if (typeof plain === 'string') return plain
  if (typeof encoded !== 'string') return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

const send = async (named: NamedFile, path: string): Promise<void> => {
  const { passage, response } = named
  const real = realPathWithin(named.roots, path)
  const facts = real === undefined ? undefined : factsAt(real)
  if (real === undefined || facts === undefined) {
    const errorMessage = `the tenant names ${JSON.stringify(path)}: no file in the directories of server.static.x_sendfile`
    return sendAnswer(passage, response, errorAnswer(passage.exchange, 404, { errorMessage }), { close: false })
  }
  const verdict = judge(passage, representationOf(named.upstream, real, facts))
  if (verdict.kind === 'respond') return sendAnswer(passage, response, verdict, { close: false })
  if (!(await sendFile(passage, response, verdict))) sendAnswer(passage, response, changingAnswer(passage.exchange), { close: false })
}

const judge = ({ exchange }: Passage, file: Representation) =>
  exchange.method === 'GET' || exchange.method === 'HEAD'
    ? answerFile(exchange, [file], Date.now())
    : (wholeFile(file) satisfies FileVerdict)

/** Without links, so that none in a directory of uploads leads out of it. */
const realPathWithin = (roots: readonly string[], path: string): string | undefined => {
  const real = path.startsWith('/') ? realPathOf(path) : undefined
  if (real === undefined) return undefined
  const isWithin = roots.some((root) => {
    const realRoot = realPathOf(root)
    return realRoot !== undefined && isBelow(realRoot, real)
  })
  return isWithin ? real : undefined
}

const REPLACED = /^(?:x-sendfile|x-accel-.*|content-length|etag|last-modified|accept-ranges|content-range)$/i

/** The tenant's fields, but for those that speak of the body it has not sent. */
const representationOf = (upstream: IncomingMessage, path: string, facts: FileFacts): Representation => {
  const flat = responseFields(upstream, [])
  const fields: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) if (!REPLACED.test(flat[i]!)) fields.push([flat[i]!, flat[i + 1]!])
  const hasType = fields.some(([name]) => name.toLowerCase() === 'content-type')
  const headers: HeaderList = [
    ...(hasType ? [] : [['Content-Type', mediaTypeOf(path)] as const]),
    ...fields,
    ['ETag', facts.etag],
    ['Last-Modified', httpDate(Math.min(facts.modifiedAt, Date.now()))],
    ['Accept-Ranges', 'bytes'],
  ]
  return { path, coding: undefined, facts, headers, look: { at: 0, found: { kind: 'nothing' } }, mayBeKept: false, mayBeCompressed: false }
}
