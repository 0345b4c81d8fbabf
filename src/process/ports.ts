import { BoundSocket } from 'node:net'
import { NavigatorError } from '../errors.ts'
import { isErrno } from './errno.ts'

/** Ports for apps, both ends inclusive. */
export type PortRange = { readonly from: number; readonly to: number }

/** Lends loopback ports to apps. Supervisor thread. */
export type Ports = {
  /**
   * A port that nobody listens on, lent until `giveBack`. Goes round the range, so that one just given back rests longest.
   * @throws NAV_PORT_EXHAUSTED when all of the range is lent or in use by others.
   */
  lend(): Promise<number>
  giveBack(port: number): void
  /** For what is lent from now on. Ports lent before stay lent. */
  setRange(range: PortRange): void
  readonly lent: ReadonlySet<number>
}

export const createPorts = (range: PortRange): Ports => {
  const lent = new Set<number>()
  let { from, to } = range
  let next = from

  return {
    lent,
    async lend() {
      for (let tried = 0; tried <= to - from; tried++) {
        const port = next
        next = port >= to ? from : port + 1
        if (lent.has(port) || !isFree(port)) continue
        lent.add(port)
        return port
      }
      throw exhausted({ from, to }, lent)
    },
    giveBack: (port) => void lent.delete(port),
    setRange(wanted) {
      ;({ from, to } = wanted)
      if (next < from || next > to) next = from
    },
  }
}

/** Binds without listening, so nobody can connect to the test. `::` finds listeners that a bind to IPv4 loopback alone misses. */
const isFree = (port: number): boolean => canBind('127.0.0.1', port) && canBind('::', port)

const canBind = (host: string, port: number): boolean => {
  try {
    new BoundSocket({ host, port }).close()
    return true
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE', 'EACCES')) return false
    if (host === '::' && isErrno(error, 'EAFNOSUPPORT', 'EADDRNOTAVAIL')) return true // a machine without IPv6
    throw error
  }
}

const exhausted = ({ from, to }: PortRange, lent: ReadonlySet<number>): NavigatorError => {
  const message = `no free port in ${from}-${to}: ${lent.size} are lent to apps, the others are in use by other programs`
  return new NavigatorError('NAV_PORT_EXHAUSTED', message, {
    hint: 'widen applications.pools (start_port), lower pools.max_size, or see who listens with: ss -ltnp',
  })
}
