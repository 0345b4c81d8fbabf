/** Real upstreams that do what a test says. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as net from 'node:net'

/** A server on a free port of the loopback. */
export type Upstream = { readonly port: number; close(): Promise<void>; [Symbol.asyncDispose](): Promise<void> }

/** An HTTP upstream. */
export const startApp = async (listener: http.RequestListener): Promise<Upstream & { readonly server: http.Server }> => {
  const server = http.createServer(listener)
  return { ...(await listen(server)), server }
}

/** An upstream that speaks what the test writes. */
export const startRaw = async (listener: (socket: net.Socket) => void): Promise<Upstream> => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    listener(socket)
  })
  const upstream = await listen(server)
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await upstream.close()
  }
  return { ...upstream, close, [Symbol.asyncDispose]: close }
}

const listen = async (server: net.Server): Promise<Upstream> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    if (server instanceof http.Server) server.closeAllConnections()
    await once(server, 'close')
  }
  return { port: (server.address() as net.AddressInfo).port, close, [Symbol.asyncDispose]: close }
}

/** A port that nobody listens on. */
export const findFreePort = async (): Promise<number> => {
  const upstream = await startRaw(() => {})
  await upstream.close()
  return upstream.port
}

/** All of a message's body. */
export const bodyOf = async (message: http.IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** An HTTP upstream that answers with what it was asked. See `mirrored`. */
export const startMirror = () =>
  startApp(async (incoming, response) => {
    const body = await bodyOf(incoming)
    const { method, url, headers, rawHeaders, trailers } = incoming
    response.end(JSON.stringify({ method, url, headers, rawHeaders, trailers, body: body.toString('latin1') }))
  })

export type Mirrored = {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The request that a mirror was asked, from the body of its answer. */
export const mirrored = (body: string): Mirrored => JSON.parse(body)
