/** Reads an upstream's response and passes it on as it comes: head rewritten in place, body untouched. */
import { forwardText, joinCopy, keepCopy } from './buffers.ts'
import { MALFORMED } from './chunked.ts'
import type { ClientConnection } from './client-connection.ts'
import { DECLINED, INCOMPLETE } from './field-line.ts'
import { closeGaps } from './head-rewrite.ts'
import { endRelay, failRelay, truncate } from './relay-end.ts'
import { createResponseHead, parseResponseHead } from './response-head.ts'
import { forwardTunnel, openTunnel } from './tunnel.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

const HEAD_LIMIT_BYTES = 64 * 1024
const ONE = 49
const MINOR_VERSION = 7
/** Of a body that is chunked or ends with the connection. */
const UNKNOWN_LENGTH = 64 * 1024

const head = createResponseHead()

/** Takes octets read from an upstream. Gives false when no more may be read for now. */
export const readResponse = (upstream: UpstreamConnection, bytes: Buffer, count: number): boolean => {
  const { client, phase } = upstream
  if (client === undefined) {
    // Nobody asked: whatever it is, it must not be taken for the next response.
    upstream.abandon()
    return false
  }
  if (phase === 'head') return readHead(upstream, client, bytes, count)
  if (phase === 'tunnel') return forwardTunnel(upstream, client, bytes, count)
  return readBody(upstream, client, bytes, 0, count)
}

const readHead = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  upstream.hasSpoken = true
  if (upstream.early !== undefined) {
    const joined = joinCopy(upstream.early, bytes, count)
    upstream.early = undefined
    return readHeadIn(upstream, client, joined, joined.length)
  }
  return readHeadIn(upstream, client, bytes, count)
}

const readHeadIn = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  const length = parseResponseHead(bytes, count, head)
  if (length === INCOMPLETE && count <= HEAD_LIMIT_BYTES) {
    upstream.early = keepCopy(bytes, 0, count)
    return true
  }
  if (length === INCOMPLETE || length === DECLINED) {
    failRelay(client, 502, `the upstream's response head is malformed: ${length === DECLINED ? head.reason : 'too long'}`)
    return false
  }
  if (head.status >= 200) return startResponse(upstream, client, bytes, count)
  if (head.status === 101) return readSwitch(upstream, client, bytes, count)
  return readInterim(upstream, client, bytes, count)
}

/** 101 belongs only to a request that asked for it. */
const readSwitch = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  if (client.exchange.upgrade === 'websocket') return openTunnel(upstream, client, bytes, count)
  failRelay(client, 502, 'the upstream switched protocols unasked')
  return false
}

/** Early hints and the like, with the real response still to come. */
const readInterim = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  const { end } = head
  forwardText(client.socket, bytes, closeGaps(bytes, head.cuts, end - 2), end)
  if (end === count) return true
  const rest = keepCopy(bytes, end, count)
  return readHeadIn(upstream, client, rest, rest.length)
}

const startResponse = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, count: number): boolean => {
  const bodyStart = head.end
  upstream.keepsAlive = !head.close
  const bodyEnd = frameBody(upstream, client, bytes, bodyStart, count)
  if (bodyEnd === MALFORMED) {
    failRelay(client, 502, "the upstream's response body is malformed")
    return false
  }
  if (bodyEnd < count) upstream.keepsAlive = false
  // With an upload still under way, the response may come to its end before that does.
  if (client.bodyLeft > 0) client.close = true
  client.status = head.status
  client.isHeadSent = true
  client.bytesSent = bodyEnd - bodyStart
  const isFlushed = writeStart(upstream, client, bytes, bodyEnd)
  return goOn(upstream, client, isFlushed)
}

/** Head and what has come of the body, in one write. */
const writeStart = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, bodyEnd: number): boolean => {
  const bodyStart = head.end
  const start = closeGaps(bytes, head.cuts, bodyStart - 2)
  bytes[start + MINOR_VERSION] = ONE
  const added = client.close ? `${client.addedFields}Connection: close\r\n` : client.addedFields
  if (added === '') return upstream.window.forward(client.socket, bytes, start, bodyEnd)
  const rewritten = `${bytes.toString('latin1', start, bodyStart - 2)}${added}${bytes.toString('latin1', bodyStart - 2, bodyEnd)}`
  return client.socket.write(rewritten, 'latin1')
}

/** Settles how the body ends. Gives where it ends in `bytes`, `count` when it goes on, or MALFORMED. */
const frameBody = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, start: number, count: number): number => {
  if (client.exchange.method === 'HEAD' || head.status === 204 || head.status === 304) {
    upstream.phase = 'length'
    upstream.left = 0
    return start
  }
  if (head.chunked) {
    upstream.phase = 'chunked'
    upstream.scanner.reset()
    return upstream.scanner.scan(bytes, start, count)
  }
  if (head.contentLength >= 0) {
    upstream.phase = 'length'
    const here = Math.min(head.contentLength, count - start)
    upstream.left = head.contentLength - here
    return start + here
  }
  upstream.phase = 'until close'
  client.close = true
  return count
}

const readBody = (upstream: UpstreamConnection, client: ClientConnection, bytes: Buffer, start: number, count: number): boolean => {
  const end = bodyEndIn(upstream, bytes, start, count)
  if (end === MALFORMED) {
    truncate(client, upstream.phase, "the upstream's response body is malformed")
    return false
  }
  if (end < count) upstream.keepsAlive = false
  client.bytesSent += end - start
  return goOn(upstream, client, upstream.window.forward(client.socket, bytes, start, end))
}

const bodyEndIn = (upstream: UpstreamConnection, bytes: Buffer, start: number, count: number): number => {
  if (upstream.phase === 'chunked') return upstream.scanner.scan(bytes, start, count)
  if (upstream.phase === 'until close') return count
  const here = Math.min(upstream.left, count - start)
  upstream.left -= here
  return start + here
}

const isComplete = (upstream: UpstreamConnection): boolean =>
  upstream.phase === 'length' ? upstream.left === 0 : upstream.phase === 'chunked' && upstream.scanner.isDone

/** After octets have been passed on: ends the response, or reads on at the client's pace. */
const goOn = (upstream: UpstreamConnection, client: ClientConnection, isFlushed: boolean): boolean => {
  if (isComplete(upstream)) {
    endRelay(upstream, client)
    return true
  }
  client.expectWithin(client.timeouts.idle)
  upstream.window.expect(upstream.phase === 'length' ? upstream.left : UNKNOWN_LENGTH)
  upstream.isPaused = !isFlushed
  return isFlushed
}
