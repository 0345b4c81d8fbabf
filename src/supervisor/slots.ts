import { NavigatorError } from '../errors.ts'
import { SLOTS, type TrafficReading } from '../protocol/counters.ts'

/** Lends the places in the counters, each to one process for its life. Supervisor thread. */
export type Slots = {
  /** @throws NAV_CAPACITY_EXHAUSTED when every slot is lent or still counts requests of its last process. */
  lend(): number
  giveBack(slot: number): void
}

/** Goes round all slots, so that one just given back rests longest. */
export const createSlots = (read: (slot: number) => TrafficReading): Slots => {
  const lent = new Set<number>()
  let next = 0

  return {
    lend() {
      for (let tried = 0; tried < SLOTS; tried++) {
        const slot = next
        next = (next + 1) % SLOTS
        if (lent.has(slot) || !isQuiet(read(slot))) continue
        lent.add(slot)
        return slot
      }
      throw new NavigatorError('NAV_CAPACITY_EXHAUSTED', `all ${SLOTS} places for processes are taken`, {
        hint: 'set applications.pools.max_size, or a shorter applications.pools.timeout',
      })
    },
    giveBack: (slot) => void lent.delete(slot),
  }
}

/** A process that was killed leaves its requests behind until the workers have noticed. */
const isQuiet = ({ inFlight, sockets }: TrafficReading): boolean => inFlight === 0 && sockets === 0
