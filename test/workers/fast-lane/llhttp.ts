/** What node:http (llhttp in strict mode) makes of given octets, without a network. */
import http from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export type Seen = { method: string; target: string; fields: string[]; bodyLength: number }
export type SeenResponse = { status: number; fields: string[]; body: string; isComplete: boolean }

/** A connection whose other end sends `octets` at once, or once it is written to; what is written to it is dropped. */
const connectionWith = (octets: Buffer, when: 'at once' | 'when asked'): Duplex => {
  const answer = () => {
    connection.push(octets)
    if (when === 'when asked') connection.push(null)
  }
  let isAnswered = when === 'at once'
  const connection = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      if (!isAnswered) answer()
      isAnswered = true
      done()
    },
  })
  Object.assign(connection, {
    setTimeout: () => connection,
    setNoDelay: () => connection,
    setKeepAlive: () => connection,
    ref() {},
    unref() {},
  })
  if (when === 'at once') answer()
  return connection
}

/** The first `count` requests llhttp finds, or 'refused' when it finds fault before. */
export const requestsIn = (octets: Buffer, count: number): Promise<Seen[] | 'refused'> => {
  const seen: Seen[] = []
  const server = http.createServer({ insecureHTTPParser: false, maxHeaderSize: 65_536, keepAliveTimeout: 0 })
  return new Promise((resolve) => {
    const connection = connectionWith(octets, 'at once')
    const settle = (result: Seen[] | 'refused') => {
      connection.destroy()
      server.close()
      resolve(result)
    }
    const take = (request: http.IncomingMessage, response: http.ServerResponse) => {
      const one: Seen = { method: request.method!, target: request.url!, fields: request.rawHeaders, bodyLength: 0 }
      request.on('data', (chunk: Buffer) => (one.bodyLength += chunk.length))
      request.on('end', () => {
        response.end()
        if (seen.push(one) === count) settle(seen)
      })
    }
    server.on('request', take)
    server.on('checkContinue', take)
    server.on('upgrade', (request) =>
      settle([{ method: request.method!, target: request.url!, fields: request.rawHeaders, bodyLength: 0 }]),
    )
    server.on('clientError', () => settle('refused'))
    server.emit('connection', connection)
    setTimeout(() => settle('refused'), 1_000).unref()
  })
}

/** The response llhttp reads for a request of this method, or 'refused'. */
export const responseIn = (octets: Buffer, method: string): Promise<SeenResponse | 'refused'> =>
  new Promise((resolve) => {
    const createConnection = () => connectionWith(octets, 'when asked') as Socket
    const request = http.request({ method, createConnection, maxHeaderSize: 65_536 })
    request.on('error', () => resolve('refused'))
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('latin1')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('error', () => resolve('refused'))
      response.on('end', () => {
        request.destroy()
        resolve({ status: response.statusCode!, fields: response.rawHeaders, body, isComplete: response.complete })
      })
    })
    request.end()
  })
