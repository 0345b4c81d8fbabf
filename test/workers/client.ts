/** Clients of a site, from the polite to the odd. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as net from 'node:net'

export type Reply = {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: string
}

/** One request on a connection of its own. */
export const ask = async (
  site: { readonly port: number },
  path: string,
  options: Omit<http.RequestOptions, 'path'> & { readonly body?: string | Buffer } = {},
): Promise<Reply> => {
  const { body, ...rest } = options
  const request = http.request({ host: '127.0.0.1', port: site.port, path, agent: false, ...rest })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    trailers: response.trailers,
    body: Buffer.concat(chunks).toString('latin1'),
  }
}

/** Writes bytes as they are and gives all that comes until the connection ends. */
export const talk = async (site: { readonly port: number }, bytes: string): Promise<string> => {
  const socket = net.connect({ host: '127.0.0.1', port: site.port })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  await closing(socket)
  return text
}

/** A connection that a test writes to and reads from step by step. */
export type Wire = {
  readonly socket: net.Socket
  write(bytes: string): void
  /** Everything received so far once it contains `text`. */
  until(text: string): Promise<string>
  /** Resolves when `text` has been received so often. */
  count(text: string, times: number): Promise<void>
  /** Everything received once the other side has closed. */
  rest(): Promise<string>
}

export const dial = async (port: number): Promise<Wire> => {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
  let text = ''
  let wake = (): void => {}
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
    wake()
  })
  socket.on('error', () => {})
  const closed = closing(socket)
  await once(socket, 'connect')
  const fits = (isThere: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      wake = () => {
        if (isThere()) resolve(text)
      }
      void closed.then(() => reject(new Error(`closed too early after ${JSON.stringify(text)}`)))
      wake()
    })
  return {
    socket,
    write: (bytes) => void socket.write(bytes, 'latin1'),
    until: (wanted) => fits(() => text.includes(wanted)),
    count: async (wanted, times) => void (await fits(() => text.split(wanted).length > times)),
    rest: async () => {
      await closed
      return text
    },
  }
}

/** Resolves when the socket is closed, also by a reset: `once` would reject at the error before. */
export const closing = (socket: net.Socket): Promise<void> => new Promise((resolve) => void socket.once('close', () => resolve()))
