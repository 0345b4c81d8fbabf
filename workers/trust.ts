/** Whose word counts about the way a request came. */
import { BlockList, isIPv6 } from 'node:net'
import type { ServerConfig } from '../src/config/config.ts'

const REMEMBERED = 1_000

/** Gives whether a peer, by its address, is a trusted proxy. An answer is remembered: asking the list costs more than a look-up. */
export const compileTrust = (trusted: ServerConfig['trust_proxy']): ((peer: string) => boolean) => {
  if (typeof trusted === 'boolean') return () => trusted
  const list = new BlockList()
  for (const range of trusted) {
    const [address, bits] = range.split('/') as [string, string | undefined]
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  const known = new Map<string, boolean>()
  return (peer) => {
    const answer = known.get(peer) ?? list.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4')
    if (known.size >= REMEMBERED) known.clear()
    known.set(peer, answer)
    return answer
  }
}
