/** Resolves names of Fly's private network by a DNS server of the configuration's choice; all others as the system does. */
import { type LookupAddress, Resolver, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

const TIMEOUT_MS = 2_000

/** `server` is asked for each name, so that a reload counts. */
export const createLookup = (server: () => string | undefined): LookupFunction => {
  const resolvers = new Map<string, Resolver>()
  const resolverOf = (address: string): Resolver => {
    const resolver = resolvers.get(address) ?? new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
    if (!resolvers.has(address)) resolver.setServers([address])
    resolvers.set(address, resolver)
    return resolver
  }
  return (hostname, options, callback) => {
    const address = hostname.endsWith('.internal') ? server() : undefined
    if (address === undefined) return systemLookup(hostname, options, callback)
    resolveAll(resolverOf(address), hostname).then((found) => {
      const [first] = found
      if (first === undefined) callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '')
      else if (options.all === true) callback(null, found)
      else callback(null, first.address, first.family)
    })
  }
}

const resolveAll = async (resolver: Resolver, hostname: string): Promise<LookupAddress[]> => {
  const six = Promise.withResolvers<LookupAddress[]>()
  const four = Promise.withResolvers<LookupAddress[]>()
  // A name that has no address of a kind is an error of that kind only.
  resolver.resolve6(hostname, (_, found = []) => six.resolve(found.map((address) => ({ address, family: 6 }))))
  resolver.resolve4(hostname, (_, found = []) => four.resolve(found.map((address) => ({ address, family: 4 }))))
  return [...(await six.promise), ...(await four.promise)]
}
