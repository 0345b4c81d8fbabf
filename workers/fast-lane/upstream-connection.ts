/** One connection to an upstream. Its socket's listeners are set once, and shared by all connections. */
import net from 'node:net'
import { type ReadBuffers, ReadWindow } from './buffers.ts'
import { ChunkScanner } from './chunked.ts'
import type { ClientConnection } from './client-connection.ts'

/** Where an upstream connection is in its response, or besides. */
export type UpstreamPhase = 'idle' | 'head' | 'length' | 'chunked' | 'until close' | 'tunnel' | 'dead'

/** What is done with what happens on upstream connections. */
export type UpstreamListener = {
  /** `count` octets stand at the start of `bytes`, for the time of the call. Gives false to read no more until `resume()`. */
  read(upstream: UpstreamConnection, bytes: Buffer, count: number): boolean
  connected(upstream: UpstreamConnection): void
  drained(upstream: UpstreamConnection): void
  ended(upstream: UpstreamConnection): void
  /** Called once, whatever ended it; `phase` is what it was before. */
  closed(upstream: UpstreamConnection, phase: UpstreamPhase): void
}

/** An address, and which life of the process there: a kept connection is not used across lives. */
export type Origin = { readonly key: string | number; readonly ticket: number; readonly host: string; readonly port: number }

type UpstreamSocket = net.Socket & { upstream: UpstreamConnection }
/** What `net.connect` passes on to the stream, besides what its own type names. */
type ConnectOptions = net.NetConnectOpts & { readonly writableHighWaterMark: number }

export class UpstreamConnection {
  readonly origin: Origin
  readonly window: ReadWindow
  readonly scanner = new ChunkScanner()
  readonly listener: UpstreamListener
  socket!: net.Socket
  phase: UpstreamPhase = 'idle'
  /** Whom it serves. */
  client: ClientConnection | undefined
  isConnected = false
  /** Something of a response has come: the request must not be sent again. */
  hasSpoken = false
  /** Whether it can serve another request once this response is over. */
  keepsAlive = true
  isPaused = false
  /** Octets of the body to come, in phase `length`. */
  left = 0
  /** Octets of a head that is not yet whole. */
  early: Buffer | undefined
  /** The lane's clock when it became idle. */
  idleSince = 0

  constructor(origin: Origin, buffers: ReadBuffers, listener: UpstreamListener) {
    this.origin = origin
    this.window = new ReadWindow(buffers)
    this.listener = listener
  }

  /** Gives it up at once, whatever it is doing. Nobody is told. */
  abandon(): void {
    this.phase = 'dead'
    this.client = undefined
    this.window.release()
    this.socket.destroy()
  }
}

/** Begins to connect; what is written meanwhile is sent once connected. */
export const connectUpstream = (origin: Origin, buffers: ReadBuffers, listener: UpstreamListener): UpstreamConnection => {
  const upstream = new UpstreamConnection(origin, buffers, listener)
  const options: ConnectOptions = {
    host: origin.host,
    port: origin.port,
    noDelay: true,
    writableHighWaterMark: 1,
    onread: {
      buffer: () => upstream.window.next(),
      callback: (count, bytes) => listener.read(upstream, bytes as Buffer, count),
    },
  }
  const socket = net.connect(options) as UpstreamSocket
  socket.upstream = upstream
  upstream.socket = socket
  socket.on('connect', onConnect).on('drain', onDrain).on('end', onEnd).on('error', onError).on('close', onClose)
  return upstream
}

function onConnect(this: net.Socket): void {
  const { upstream } = this as UpstreamSocket
  upstream.isConnected = true
  upstream.listener.connected(upstream)
}

function onDrain(this: net.Socket): void {
  const { upstream } = this as UpstreamSocket
  upstream.listener.drained(upstream)
}

function onEnd(this: net.Socket): void {
  const { upstream } = this as UpstreamSocket
  upstream.listener.ended(upstream)
}

/** `close` follows, and says what there is to say. */
function onError(): void {}

function onClose(this: net.Socket): void {
  const { upstream } = this as UpstreamSocket
  const { phase } = upstream
  upstream.phase = 'dead'
  upstream.window.release()
  if (phase !== 'dead') upstream.listener.closed(upstream, phase)
}
