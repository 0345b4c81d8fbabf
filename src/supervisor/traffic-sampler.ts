import type { GateKeeper } from '../protocol/counters.ts'
import type { Generation } from './generation.ts'

const TICK_MS = 1_000

/**
 * Looks at the counters of every serving tenant once a second and tells its machine what changed, never what did not.
 * A tenant is quiet when nothing is in flight, no request came since the last look, and no socket that counts is open. One that
 * is kept warm never is.
 * Supervisor thread.
 */
export const startTrafficSampler = (gates: GateKeeper, serving: () => Iterable<Generation>): Disposable => {
  let before = new Map<Generation, number>()

  const sample = () => {
    const now = new Map<Generation, number>()
    for (const generation of serving()) {
      const { running } = generation.context()
      if (!running) continue
      const { inFlight, started, sockets } = gates.read(running.slot)
      now.set(generation, started)
      const isBusy = inFlight > 0 || started !== before.get(generation) || (generation.config.track_websockets && sockets > 0)
      if (isBusy && generation.state === 'idle') generation.send({ type: 'traffic.seen' })
      if (!isBusy && generation.state === 'ready' && !generation.config.min_instances) generation.send({ type: 'traffic.quiet' })
    }
    before = now
  }

  const timer = setInterval(sample, TICK_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
