/** How many requests a client may make, counted in memory that all workers share. */
import { isIP } from 'node:net'
import type { RoutingSnapshot } from '../src/protocol/routing-snapshot.ts'
import { createTally } from '../src/protocol/tally.ts'
import type { Exchange } from './exchange.ts'

export type RateLimit = {
  /** Counts a request. Gives how many seconds remain until the next is let in, if this one is not. */
  count(exchange: Exchange): number | undefined
  /** Takes back a request that is decided upon anew, by another lane. */
  takeBack(exchange: Exchange): void
}

/** Undefined where nothing is limited. */
export const compileRateLimit = (
  { rate_limiting: limiting }: Pick<RoutingSnapshot, 'rate_limiting'>,
  now: () => number = Date.now,
): RateLimit | undefined => {
  if (limiting === undefined) return undefined
  const { requests, per, key, cells } = limiting
  const tally = createTally(cells)
  const keyOf = key === 'ip' ? networkOf : tenantOf
  return {
    count(exchange) {
      const time = now()
      const window = Math.floor(time / per)
      return tally.add(keyOf(exchange), window) <= requests ? undefined : Math.ceil(((window + 1) * per - time) / 1000)
    },
    takeBack: (exchange) => tally.remove(keyOf(exchange), Math.floor(now() / per)),
  }
}

const tenantOf = ({ routing, path, header }: Exchange): string => routing.findTenant(header('host'), path)?.name ?? ''

/** IPv4 addresses by themselves, IPv6 addresses by their /64: a client has all of that. */
const networkOf = (exchange: Exchange): string => {
  const address = addressOf(exchange)
  if (!address.includes(':')) return address
  const [head, tail] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const gap = tail === undefined ? 0 : 8 - head!.length - tail.length
  return [...head!, ...new Array<string>(Math.max(0, gap)).fill('0'), ...(tail ?? [])].slice(0, 4).join(':')
}

/** What a trusted proxy says of the client: the last address in its list that is not a trusted proxy itself. */
const addressOf = ({ peer, header, routing }: Exchange): string => {
  if (!routing.trusts(peer)) return peer
  const list = (header('x-forwarded-for') ?? '').split(',').map((address) => address.trim())
  return header('fly-client-ip') || list.findLast((address) => address !== '' && !isTrusted(routing, address)) || list[0] || peer
}

const isTrusted = (routing: Exchange['routing'], address: string): boolean => isIP(address) !== 0 && routing.trusts(address)
