/** Takes the PROXY protocol's header off connections before a lane gets them. */
import type { Socket } from 'node:net'
import type { AccessLog } from '../../src/log/access-log.ts'
import type { Lane } from '../lane.ts'
import { announcePeer, peerOf } from '../peer.ts'
import { refusalRecord } from '../refusal-record.ts'
import type { RoutingTable } from '../routing-table.ts'
import { type ProxyHeader, parseProxyHeader } from './header.ts'

/**
 * A lane that reads the header of peers that have to send one, and gives the connection to `lane` behind it. Without the
 * header, or with one that comes too late, the connection is closed: one that has said something gets a line in the log.
 */
export const readProxyHeaders = (lane: Lane, parts: { readonly log: AccessLog; table(): RoutingTable }): Lane => {
  /** Those whose header is still to come. */
  const early = new Set<Socket>()
  const handOn = (socket: Socket, { source, lengthBytes }: ProxyHeader, bytes: Buffer): void => {
    if (source !== undefined) announcePeer(socket, source)
    lane.accept(socket, bytes.subarray(lengthBytes))
  }
  const refuse = (socket: Socket, cause: string, bytes: Buffer): void => {
    if (bytes.length > 0) parts.log.record(refusalRecord({ clientIp: peerOf(socket), status: 400, cause, bodyBytesSent: 0 }))
    socket.destroy()
  }

  return {
    accept(socket) {
      const { snapshot, announcesPeers } = parts.table()
      if (announcesPeers === undefined || !announcesPeers(peerOf(socket))) return lane.accept(socket)
      early.add(socket)
      receiveHeader(socket, snapshot.server.timeouts.header, (outcome, bytes) => {
        early.delete(socket)
        if (typeof outcome === 'string') refuse(socket, outcome, bytes)
        else handOn(socket, outcome, bytes)
      })
    },
    drain() {
      for (const socket of early) socket.destroy()
      lane.drain()
    },
    forget: () => lane.forget(),
    close: () => lane.close(),
  }
}

/** Calls `end` once, with the header or what was wrong, and all that was read. The socket then is paused and has no listener of ours. */
const receiveHeader = (socket: Socket, limitMs: number, end: (outcome: ProxyHeader | string, bytes: Buffer) => void): void => {
  let bytes: Buffer = Buffer.alloc(0)
  const finish = (outcome: ProxyHeader | string): void => {
    clearTimeout(limit)
    socket.pause()
    socket.off('data', take).off('end', leave).off('close', leave).off('error', onError)
    end(outcome, bytes)
  }
  const take = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    const header = parseProxyHeader(bytes)
    if (header === 'malformed') finish('no valid PROXY protocol header')
    else if (header !== 'incomplete') finish(header)
  }
  const leave = (): void => finish('the connection ended in the PROXY protocol header')
  const limit = setTimeout(() => finish('no whole PROXY protocol header in time'), limitMs)
  socket.on('data', take).on('end', leave).on('close', leave).on('error', onError)
}

/** `close` follows. */
function onError(): void {}
