/** What the modules of the fast lane share. One lane per worker thread. */
import type { Socket } from 'node:net'
import type { AccessLog } from '../../src/log/access-log.ts'
import type { Turnstile } from '../../src/protocol/counters.ts'
import type { Decision, Exchange } from '../exchange.ts'
import type { HostGate } from '../host-gate.ts'
import type { RoutingTable } from '../routing-table.ts'
import type { WaitingRoom } from '../waiting-room.ts'
import type { ReadBuffers } from './buffers.ts'
import type { ClientConnection } from './client-connection.ts'
import type { RequestHead } from './request-head.ts'
import type { UpstreamPool } from './upstream-pool.ts'

export type FastLaneOptions = {
  readonly turnstile: Turnstile
  readonly room: WaitingRoom
  readonly host: HostGate
  /** The routing table as it is now. */
  table(): RoutingTable
  decide(exchange: Exchange): Decision
  readonly log: AccessLog
  /**
   * Takes over a connection with the octets read from it. The socket is paused and has no listeners of this lane any more;
   * whoever takes it puts the octets back and resumes it.
   */
  handOver(socket: Socket, bytesRead: Buffer): void
  /** Connections past this many are answered 503 and closed. */
  readonly connectionsLimit?: number
  /** Overwrites shared read buffers between reads, so that a breach of their rule shows. For tests. */
  readonly poisonBuffers?: boolean
}

export type LaneState = {
  readonly options: FastLaneOptions
  readonly buffers: ReadBuffers
  readonly pool: UpstreamPool
  readonly connections: Set<ClientConnection>
  /** Filled anew by each parse. */
  readonly head: RequestHead
  /** Calls of `tick` so far: the only clock that timeouts know. */
  clock: number
  isDraining: boolean
}
