import type { CableConfig } from '../../src/config/config.ts'
import { isForwarded, isLoopback } from '../access/nearness.ts'
import { isSameSecret } from '../access/secret.ts'
import type { Answer, Exchange, Step } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'

/** Opens a TurboCable socket at the path that the file gives it, whatever else is there. */
export const openCable: Step = (exchange) => {
  const { cable } = exchange.routing.snapshot
  if (cable === undefined || cable.yields || exchange.path !== cable.path) return undefined
  if (exchange.upgrade === 'websocket') return admit(exchange, cable)
  return errorAnswer(exchange, 400, { reason: 'Only WebSockets are served here' })
}

/**
 * The same at the path that it has of itself, where the file has nothing else: no tenant of this very path, and no client that
 * asks for another protocol, as those of Action Cable do.
 */
export const openImpliedCable: Step = (exchange) => {
  const { cable } = exchange.routing.snapshot
  if (cable === undefined || !cable.yields || exchange.path !== cable.path || exchange.upgrade !== 'websocket') return undefined
  if (exchange.header('sec-websocket-protocol') !== undefined || isTenants(exchange)) return undefined
  return admit(exchange, cable)
}

/** Takes what apps on this very machine post. Past passwords: they have none. */
export const takeBroadcast: Step = (exchange) => {
  const { routing, path, method } = exchange
  const { cable } = routing.snapshot
  if (cable === undefined || path !== cable.broadcast_path) return undefined
  if (cable.yields && (isTenants(exchange) || routing.reverseProxies.match(path, method) !== undefined)) return undefined
  return findBar(exchange, cable) ?? { kind: 'broadcast' }
}

const isTenants = ({ routing, path, header }: Exchange): boolean => {
  const host = header('host')
  return routing.isSlashless(host, path) || (routing.findTenant(host, path)?.path ?? '/') !== '/'
}

/** A page of another site must not open a socket in the name of who looks at it: browsers send passwords and cookies along. */
const admit = (exchange: Exchange, cable: CableConfig) =>
  isWelcome(exchange, cable)
    ? ({ kind: 'cable' } as const)
    : errorAnswer(exchange, 403, { errorMessage: `cable: origin ${exchange.header('origin')} is not allowed` })

const isWelcome = ({ header, peer, routing }: Exchange, { allowed_origins: allowed }: CableConfig): boolean => {
  const origin = header('origin')?.toLowerCase()
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true
  const hosts = [header('host'), routing.trusts(peer) ? header('x-forwarded-host') : undefined]
  return hosts.some((host) => host !== undefined && isOf(origin, host.toLowerCase()))
}

/** The scheme is not compared: TLS ends in front of navigator. */
const isOf = (origin: string, host: string): boolean =>
  /^https?:\/\//.test(origin) && portless(origin.replace(/^https?:\/\//, '')) === portless(host)

const portless = (host: string): string => host.replace(/:(?:80|443)$/, '')

const findBar = (exchange: Exchange, { broadcast_token: token }: CableConfig): Answer | undefined => {
  const { method, peer, header } = exchange
  if (!isLoopback(peer)) return refuse(403, 'Forbidden', 'broadcast from another machine')
  // A proxy on this machine passes on what came from anywhere; and a browser here may do what a page from anywhere says.
  if (isForwarded(exchange) || header('origin') !== undefined) return refuse(403, 'Forbidden', 'broadcast that was passed on')
  if (method !== 'POST') return refuse(405, 'Method not allowed', 'broadcasts are posted')
  if (token !== undefined && !isSameSecret(header('authorization'), `Bearer ${token}`))
    return refuse(403, 'Forbidden', 'broadcast without the token')
  return undefined
}

const refuse = (status: number, body: string, errorMessage: string): Answer => ({
  kind: 'respond',
  status,
  headers: [...(status === 405 ? [['Allow', 'POST'] as const] : []), ['Content-Type', 'text/plain; charset=utf-8']],
  body: `${body}\n`,
  responseType: 'broadcast',
  errorMessage,
})
