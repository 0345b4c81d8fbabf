/** Answers to what is not even a request. */
import type { Socket } from 'node:net'
import type { AccessLog } from '../../src/log/access-log.ts'
import { requestIdOf } from '../forwarding.ts'
import { peerOf } from '../peer.ts'
import { refusalRecord } from '../refusal-record.ts'
import { errorAnswer } from '../responses.ts'
import type { RoutingTable } from '../routing-table.ts'
import { rawAnswer } from './answer.ts'

const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
}

/** The status for an error of node:http's parser. */
export const statusOfParseError = (code: string | undefined): number => STATUS_OF[code ?? ''] ?? 400

/** Says why and closes the connection. One line in the access log, as for a request. */
export const refuseConnection = (
  socket: Socket,
  refusal: { readonly status: number; readonly cause: string; readonly routing: RoutingTable; readonly log: AccessLog },
): void => {
  const { status, cause, routing, log } = refusal
  const requestId = requestIdOf(undefined)
  const answer = errorAnswer({ requestId, routing, header: () => undefined }, status)
  const clientIp = peerOf(socket)
  socket.end(rawAnswer(answer), () => socket.destroy())
  log.record(refusalRecord({ clientIp, status, cause, requestId, bodyBytesSent: Buffer.byteLength(answer.body) }))
}
