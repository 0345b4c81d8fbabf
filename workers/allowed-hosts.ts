/** Which hosts are served here. */
import type { RoutingSnapshot } from '../src/protocol/routing-snapshot.ts'

/** Gives whether a request for this host, as sent with or without port, is for this server. Undefined where all are. */
export const compileAllowedHosts = ({ server, tenants }: RoutingSnapshot): ((host: string) => boolean) | undefined => {
  const { allowed_hosts: allowed, hostname } = server
  if (allowed === undefined) return undefined
  const names = new Set([...allowed, ...(hostname === undefined ? [] : [hostname]), ...tenants.flatMap(({ host }) => host ?? [])])
  const endings = allowed.filter((name) => name.startsWith('*.')).map((name) => name.slice(1))
  return (host) => {
    const name = host.toLowerCase().replace(/:\d*$/, '')
    return names.has(name) || endings.some((ending) => name.endsWith(ending) && name.length > ending.length)
  }
}
