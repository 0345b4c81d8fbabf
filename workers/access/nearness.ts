/** Whether a request was made on this very machine. */
import type { Exchange } from '../exchange.ts'

/** What proxies and platforms say about a request that they pass on. */
const PASSED_ON = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'fly-client-ip', 'cf-connecting-ip']

/** Whether this peer, IPv4 in dotted form, is on this machine. */
export const isLoopback = (peer: string): boolean => peer === '::1' || /^127\.\d+\.\d+\.\d+$/.test(peer)

/** Whether somebody says that the request came to him from elsewhere. */
export const isForwarded = ({ header }: Exchange): boolean => PASSED_ON.some((name) => header(name) !== undefined)
