const TICK_MS = 1_000

/** Looks once a second how late its timer is: cheap enough to be always on. Supervisor thread. */
export type LoopDelay = Disposable & {
  /** The longest since the last call, in ms. */
  take(): number
}

export const watchLoopDelay = (): LoopDelay => {
  let due = performance.now() + TICK_MS
  let longest = 0
  const look = () => {
    longest = Math.max(longest, performance.now() - due)
    due = performance.now() + TICK_MS
  }
  const timer = setInterval(look, TICK_MS)
  timer.unref()
  return {
    take() {
      const taken = longest
      longest = 0
      return Math.round(taken * 1_000) / 1_000
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
