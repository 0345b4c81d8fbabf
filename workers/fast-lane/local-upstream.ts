/** Reverse proxies that this lane carries itself: to plain HTTP on this host, with the response passed on as it is. */
import type { Exchange, UpstreamVerdict } from '../exchange.ts'
import type { ClientConnection } from './client-connection.ts'
import { buildTargetHead } from './head-rewrite.ts'
import { relayTo } from './relay.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])
const UNPRINTABLE = /[^\x21-\x7e]/
/** Fields that say how a message is framed: a rule that sets one is better understood by the full lane. */
const FRAMING = new Set(['connection', 'content-length', 'expect', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/** Sends the request of the client's exchange to the target. Gives false when that is for the full lane to do. */
export const enterUpstream = (client: ClientConnection, verdict: UpstreamVerdict): boolean => {
  if (!isCarriedHere(verdict, client.exchange)) return false
  const { target } = verdict
  client.destination = `${target.protocol}//${target.host}`
  const origin = { key: `${target.hostname}:${target.port}`, ticket: 0, host: target.hostname, port: target.port }
  relayTo(client, origin, buildTargetHead(client.exchange, target))
  return true
}

const isCarriedHere = ({ rule, target, others }: UpstreamVerdict, exchange: Exchange): boolean =>
  others === undefined &&
  target.watch === undefined &&
  target.whenDown === undefined &&
  target.protocol === 'http:' &&
  LOOPBACK.has(target.hostname) &&
  exchange.upgrade === 'none' &&
  Object.keys(rule.response_headers).length === 0 &&
  !UNPRINTABLE.test(target.path) &&
  !target.headers.some(([name]) => FRAMING.has(name))
