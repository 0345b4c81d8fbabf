/**
 * Rations what tenants need to start: places (max_size) and start permits (start_concurrency). First come, first served.
 * Who waits holds nothing, so nobody can wait for each other. Supervisor thread.
 */
export type StartPool = {
  claim(granted: () => void): Claim
  /** To be called when a limit changed or a tenant came to rest: somebody may get in now. */
  reconsider(): void
}

/** One tenant generation's dealings with the pool. Every call is harmless when repeated. */
export type Claim = {
  /** Queues up; `granted` is called when both a place and a permit are there. A replacement needs no place. */
  ask(kind: { readonly isReplacement: boolean }): void
  endStart(): void
  leave(): void
}

/** What the pool asks of its surroundings, anew each time. */
export type PoolRules = {
  startConcurrency(): number
  maxAwake(): number
  /** How many hold a place but are on their way out. */
  countLeaving(): number
  /** Orders the longest-idle tenant to stop; gives false when none is idle. */
  evictIdle(): boolean
}

type Waiting = { readonly isReplacement: boolean; readonly granted: () => void }

export const createStartPool = (rules: PoolRules): StartPool => {
  const waiting = new Map<object, Waiting>()
  const starting = new Set<object>()
  const placed = new Set<object>()
  let isScheduled = false

  const hasRoom = ({ isReplacement }: Waiting) => isReplacement || placed.size < rules.maxAwake()

  const admit = () => {
    for (const [claim, wish] of waiting) {
      if (starting.size >= rules.startConcurrency()) return
      if (!hasRoom(wish)) continue
      waiting.delete(claim)
      starting.add(claim)
      placed.add(claim)
      wish.granted()
    }
  }

  const makeRoom = () => {
    const wanting = [...waiting.values()].filter((wish) => !hasRoom(wish)).length
    for (let leaving = rules.countLeaving(); leaving < wanting; leaving++) {
      if (!rules.evictIdle()) return
    }
  }

  // Later in this turn: whoever calls may be in the middle of a transition.
  const reconsider = () => {
    if (isScheduled) return
    isScheduled = true
    queueMicrotask(() => {
      isScheduled = false
      admit()
      makeRoom()
    })
  }

  return {
    reconsider,
    claim(granted) {
      const claim = {}
      return {
        ask({ isReplacement }) {
          waiting.set(claim, { isReplacement, granted })
          reconsider()
        },
        endStart() {
          if (starting.delete(claim)) reconsider()
        },
        leave() {
          const hadPlace = placed.delete(claim)
          starting.delete(claim)
          waiting.delete(claim)
          if (hadPlace) reconsider()
        },
      }
    },
  }
}
