/** Writes the answers that navigator makes itself. */
import type { Answer, FileVerdict, HeaderList } from '../exchange.ts'
import { answerFromMemory } from '../files/answer-file.ts'
import { reasonPhrase } from '../reason-phrases.ts'
import type { ClientConnection } from './client-connection.ts'

/** Answers the request the connection is at, and goes on to the next. With a body still to come, the connection is closed. */
export const answer = (client: ClientConnection, made: Answer): void => {
  if (client.bodyLeft > 0) client.skipBody()
  client.status = made.status
  client.responseType = made.responseType
  client.errorMessage = made.errorMessage
  client.destination = made.destination ?? client.destination
  client.isHeadSent = true
  const isBodyless = made.status === 204 || made.status === 304
  const length = Buffer.byteLength(made.body)
  const isSent = !isBodyless && client.exchange.method !== 'HEAD'
  const head = writeHead(made, isBodyless ? '' : `Content-Length: ${length}\r\n`, client.close)
  client.bytesSent = isSent ? length : 0
  if (isSent && length === made.body.length) client.socket.write(head + made.body, 'latin1')
  else {
    client.socket.write(head, 'latin1')
    if (isSent) client.socket.write(made.body)
  }
  client.requestDone()
}

/** Answers with a file that is in memory. Gives false when it, or the part asked for, has to be read from disk. */
export const answerWithFile = (client: ClientConnection, verdict: FileVerdict): boolean => {
  const message = answerFromMemory(client.exchange, verdict, client.close)
  if (message === undefined) return false
  client.status = 200
  client.responseType = 'static'
  client.filePath = verdict.file.path
  client.isHeadSent = true
  client.bytesSent = client.exchange.method === 'HEAD' ? 0 : verdict.length
  client.socket.write(message)
  client.requestDone()
  return true
}

/** An answer to a connection that has made no request worth the name: text only, then the end. */
export const plainAnswer = (status: number): string => {
  const body = `${status} ${reasonPhrase(status)}\n`
  const headers = [['Content-Type', 'text/plain; charset=utf-8']] as const
  return writeHead({ kind: 'respond', status, headers, body }, `Content-Length: ${body.length}\r\n`, true) + body
}

const writeHead = ({ status, headers }: Answer, length: string, close: boolean): string => {
  let head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`
  return `${head}Date: ${dateNow()}\r\n${length}${close ? 'Connection: close\r\n' : ''}\r\n`
}

let second = 0
let date = ''

const dateNow = (): string => {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    date = new Date(now * 1000).toUTCString()
  }
  return date
}

/** Fields as they stand in a head; '' for none. */
export const fieldLines = (headers: HeaderList | undefined): string =>
  headers === undefined ? '' : headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
