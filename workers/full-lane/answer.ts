/** Sends the answers that navigator makes itself. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from '../exchange.ts'
import type { Passage } from './passage.ts'

/** On a connection that node:http still has. */
export const sendAnswer = (passage: Passage, response: ServerResponse, answer: Answer, options: { close: boolean }): void => {
  if (passage.isOver || response.headersSent) return
  note(passage, answer)
  const fields = answer.headers.flat()
  if (mayHaveBody(answer.status)) fields.push('Content-Length', String(Buffer.byteLength(answer.body)))
  if (options.close) fields.push('Connection', 'close')
  response.writeHead(answer.status, fields)
  response.end(answer.body)
  // node:http skips a body that nobody has begun to read; one whose reader has gone would stop the connection for ever.
  passage.request.unpipe().resume()
  passage.bytesSent = passage.request.method === 'HEAD' ? 0 : Buffer.byteLength(answer.body)
}

/** On the bare socket of an upgrade. The connection ends with it. */
export const sendRawAnswer = (passage: Passage, socket: Socket, answer: Answer): void => {
  if (passage.isOver) return
  note(passage, answer)
  socket.end(rawAnswer(answer))
  passage.bytesSent = Buffer.byteLength(answer.body)
  socket.once('finish', () => {
    passage.end(true)
    socket.destroy()
  })
}

/** An answer as it goes on the wire, after which the connection is closed. */
export const rawAnswer = ({ status, headers, body }: Answer): string => {
  const fields = [...headers, ['Content-Length', String(Buffer.byteLength(body))], ['Connection', 'close']]
  return `HTTP/1.1 ${status} \r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

const note = (passage: Passage, answer: Answer): void => {
  passage.status = answer.status
  passage.responseType = answer.responseType
  passage.errorMessage = answer.errorMessage
  if (answer.destination !== undefined) passage.destination = answer.destination
}

const mayHaveBody = (status: number): boolean => status !== 204 && status !== 304
