/** Carries sockets and broadcasts of TurboCable to where they are dealt with. */
import type { IncomingMessage } from 'node:http'
import { readBroadcast } from '../cable/messages.ts'
import type { Answer } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'
import { sendAnswer, sendRawAnswer } from './answer.ts'
import type { Errand } from './carry.ts'
import type { UpgradeErrand } from './tunnel.ts'

const BODY_LIMIT_BYTES = 16 * 1024 * 1024

/** Ends when the socket is open or refused; the passage ends with it. */
export const upgradeToCable = async ({ passage, socket, head, carrier }: UpgradeErrand): Promise<void> => {
  const isOpen = await carrier.cable.accept(passage.request, socket, head)
  if (!isOpen) {
    sendRawAnswer(passage, socket, errorAnswer(passage.exchange, 400, { reason: 'The WebSocket handshake is malformed' }))
    return
  }
  passage.presence?.becomeSocket()
  passage.status = 101
  passage.responseType = 'websocket'
  passage.isAnswered = true
}

/** Answers once the message is under way to all workers. What is in it is never logged. */
export const carryBroadcast = async ({ passage, response, carrier }: Errand): Promise<void> => {
  if (passage.expectsContinue) response.writeContinue()
  const body = await readBody(passage.request)
  if (body === 'cut off') return
  if (body === 'too long') {
    sendAnswer(passage, response, answerWith(413, 'Message too long\n'), { close: true })
    return
  }
  const message = readBroadcast(body.toString())
  const isFault = typeof message === 'string'
  if (!isFault) carrier.cable.broadcast(message)
  sendAnswer(passage, response, isFault ? answerWith(400, `${message}\n`) : answerWith(200, ''), { close: false })
}

const answerWith = (status: number, body: string): Answer => ({
  kind: 'respond',
  status,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body,
  responseType: 'broadcast',
})

const readBody = async (request: IncomingMessage): Promise<Buffer | 'too long' | 'cut off'> => {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > BODY_LIMIT_BYTES) return 'too long'
      chunks.push(chunk)
    }
  } catch {
    // The client went away in the middle of it, which ends its passage.
    return 'cut off'
  }
  return Buffer.concat(chunks)
}
