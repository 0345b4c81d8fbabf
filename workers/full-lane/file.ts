/** Sends files: small ones from memory, others by large reads that wait for the client. Never a stream per request. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import type { Answer, Exchange, FileVerdict } from '../exchange.ts'
import { factsFrom } from '../files/facts.ts'
import { errorAnswer } from '../responses.ts'
import { sendAnswer } from './answer.ts'
import type { Passage } from './passage.ts'

const LARGE_BYTES = 256 * 1024
const SMALL_BYTES = 64 * 1024
/** Past so many transfers at once, each reads less at a time: slow clients must not fill the memory. */
const LARGE_LIMIT = 32
const KEPT_FREE = 8
const RETRY_S = 1

/** Gives false when the file has changed and nothing has been sent. Ends with the last octet, or with the client. */
export const sendFile = async (passage: Passage, response: ServerResponse, verdict: FileVerdict): Promise<boolean> => {
  const { start, length, file } = verdict
  const kept = passage.exchange.routing.files.memory.body(file)
  if (kept !== undefined || passage.exchange.method === 'HEAD') {
    begin(passage, response, verdict)
    response.end(kept?.subarray(start, start + length))
    passage.bytesSent = passage.exchange.method === 'HEAD' ? 0 : length
    return true
  }
  const handle = await openFile(file.path)
  if (typeof handle === 'number') {
    sendAnswer(passage, response, errorAnswer(passage.exchange, handle, { errorMessage: `${file.path} cannot be opened` }), {
      close: false,
    })
    return true
  }
  try {
    if (factsFrom(await handle.stat({ bigint: true })).version !== file.facts.version) {
      file.look.at = 0
      return false
    }
    begin(passage, response, verdict)
    await copy({ handle, passage, response, start, end: start + length })
  } finally {
    await handle.close()
  }
  return true
}

/** For a file that is never the same twice. */
export const changingAnswer = (exchange: Exchange): Answer =>
  errorAnswer(exchange, 503, { reason: 'The file is being changed', retryAfterS: RETRY_S })

const begin = (passage: Passage, response: ServerResponse, { status, headers, length, file }: FileVerdict): void => {
  passage.status = status
  passage.responseType = 'static'
  passage.filePath = file.path
  response.writeHead(status, [...headers.flat(), 'Content-Length', String(length)])
}

const NOT_TO_BE_HAD: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'])

/** Gives the status of the answer when it cannot be opened: 503 where that is none of the file's fault. */
const openFile = async (path: string): Promise<FileHandle | 404 | 503> => {
  try {
    // Nonblocking: should a pipe have taken the file's place, opening it must not wait for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    return NOT_TO_BE_HAD.has((error as NodeJS.ErrnoException).code) ? 404 : 503
  }
}

type Copy = {
  readonly handle: FileHandle
  readonly passage: Passage
  readonly response: ServerResponse
  readonly start: number
  readonly end: number
}

const copy = async (task: Copy): Promise<void> => {
  const buffer = lend()
  try {
    await copyThrough(buffer, task)
  } finally {
    // A client that has gone may have left a write of it under way.
    takeBack(buffer, !task.passage.isOver)
  }
}

const copyThrough = async (buffer: Buffer, { handle, passage, response, start, end }: Copy): Promise<void> => {
  const write = createWriter(passage, response)
  let at = start
  while (at < end && !passage.isOver) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - at), at)
    if (bytesRead === 0) return cut(passage, 'the file became shorter while it was sent')
    await write(buffer.subarray(0, bytesRead))
    at += bytesRead
    passage.bytesSent += bytesRead
  }
  response.end()
}

/** A write ends when its octets have left this process, so that their buffer may be filled anew, or with the client. */
const createWriter = (passage: Passage, response: ServerResponse) => {
  let wake = (): void => {}
  passage.onceOver(() => wake())
  return (octets: Buffer): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
      if (passage.isOver) resolve()
      else response.write(octets, () => resolve())
    })
}

/** The client must not take what it has for the whole. */
const cut = (passage: Passage, message: string): void => {
  passage.responseType = 'error'
  passage.errorMessage = message
  passage.request.socket.destroy()
}

const free: Buffer[] = []
let lent = 0

const lend = (): Buffer => {
  lent += 1
  if (lent > LARGE_LIMIT) return Buffer.allocUnsafeSlow(SMALL_BYTES)
  return free.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
}

/** `isFree`: no write of it can be under way. */
const takeBack = (buffer: Buffer, isFree: boolean): void => {
  lent -= 1
  if (isFree && buffer.length === LARGE_BYTES && free.length < KEPT_FREE) free.push(buffer)
}
