import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { BoundSocket, createServer, isIP } from 'node:net'
import type { Listen } from '../config/config.ts'
import { NavigatorError } from '../errors.ts'

/** A listen address that is ours: bound, so that nobody else gets it, and shared out to the workers. Supervisor thread. */
export type Listeners = Disposable & {
  /** As configured; the port is the real one where the configuration says 0. */
  readonly address: { readonly host: string; readonly port: number }
  /** Whether several sockets may listen here at once. Without it there can be one worker only. */
  readonly isShareable: boolean
  /**
   * One more socket on the address, for one worker. Bound, not yet listening.
   * @throws NAV_LISTEN_FAILED when the system refuses.
   */
  bind(): BoundSocket
}

/**
 * Takes a listen address. `isPortOurs` when it is another host on the port that we listen on already.
 * @throws NAV_LISTEN_FAILED at the configuration's line, with the system's reason.
 */
export const openListeners = async (listen: Listen, { isPortOurs }: { isPortOurs: boolean }): Promise<Listeners> => {
  const host = await numericHost(listen)
  // Other programs' sockets that share ports too would go unnoticed by a bind that shares.
  if (listen.port !== 0 && !isPortOurs) await probe(host, listen)
  const { socket, isShareable } = reserve(host, listen)
  const { port } = socket.address()
  // Where ports cannot be shared, the reservation itself goes to the worker.
  let spare: BoundSocket | undefined = isShareable ? undefined : socket

  return {
    address: { host: listen.host, port },
    isShareable,
    bind() {
      const reserved = spare
      spare = undefined
      return reserved ?? bindTo({ host, port, reusePort: isShareable }, listen)
    },
    [Symbol.dispose]() {
      if (isShareable) socket.close()
      else spare?.close()
    },
  }
}

const numericHost = async (listen: Listen): Promise<string> => {
  if (isIP(listen.host) !== 0) return listen.host
  try {
    return (await lookup(listen.host)).address
  } catch (cause) {
    throw listenFailed(listen, cause)
  }
}

const probe = async (host: string, listen: Listen): Promise<void> => {
  const server = createServer()
  try {
    server.listen({ host, port: listen.port })
    await once(server, 'listening')
  } catch (cause) {
    if (isWithoutIpv6(host, cause)) return
    throw listenFailed(listen, cause)
  }
  const closed = once(server, 'close')
  server.close()
  await closed
}

const reserve = (host: string, listen: Listen): { socket: BoundSocket; isShareable: boolean } => {
  const { port } = listen
  try {
    return { socket: new BoundSocket({ host, port, reusePort: true }), isShareable: true }
  } catch (cause) {
    if (isWithoutIpv6(host, cause)) return reserve('0.0.0.0', listen)
    if (codeOf(cause) !== 'ENOTSUP' && codeOf(cause) !== 'EINVAL') throw listenFailed(listen, cause)
    return { socket: bindTo({ host, port, reusePort: false }, listen), isShareable: false }
  }
}

const bindTo = (options: { host: string; port: number; reusePort: boolean }, listen: Listen): BoundSocket => {
  try {
    return new BoundSocket(options)
  } catch (cause) {
    if (isWithoutIpv6(options.host, cause)) return bindTo({ ...options, host: '0.0.0.0' }, listen)
    throw listenFailed(listen, cause)
  }
}

/** `::` stands for every address: on a machine without IPv6 that is every IPv4 address. */
const isWithoutIpv6 = (host: string, cause: unknown): boolean =>
  host === '::' && (codeOf(cause) === 'EAFNOSUPPORT' || codeOf(cause) === 'EADDRNOTAVAIL')

const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: see who with `ss -ltnp`, or choose another server.listen',
  EACCES: 'ports below 1024 need privileges: choose a higher server.listen',
  EADDRNOTAVAIL: 'this machine does not have that address: choose another host in server.listen',
  ENOTFOUND: 'the host of server.listen has no address: use a numeric one',
}

const listenFailed = (listen: Listen, cause: unknown): NavigatorError => {
  const code = codeOf(cause) ?? 'unknown'
  const where = `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new NavigatorError('NAV_LISTEN_FAILED', `cannot listen on ${where}: ${reason}`, {
    cause,
    ...(hints[code] === undefined ? {} : { hint: hints[code] }),
    ...(listen.at === undefined ? {} : { at: listen.at }),
  })
}
