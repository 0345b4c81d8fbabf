/** Which of a reverse proxy's targets take requests. Worker thread: each worker finds out for itself. */

/** How long a target that could not be reached is left out when nothing looks after it. */
const PAUSE_MS = 10_000

export type TargetHealth = {
  /** Numbers of the targets in the order to try them: in turn, those that failed last. */
  order(): readonly number[]
  /** A request goes out: the next one begins with another target. */
  taken(): void
  failed(target: number): void
  /** It answers again. */
  recovered(target: number): void
}

export const createTargetHealth = (
  count: number,
  { isProbed, now = Date.now }: { isProbed: boolean; now?: () => number },
): TargetHealth => {
  const downUntil = new Array<number>(count).fill(0)
  const all = downUntil.map((_, target) => target)
  let turn = 0
  return {
    order() {
      if (count === 1) return all
      const first = turn % count
      const turned = [...all.slice(first), ...all.slice(0, first)]
      const time = now()
      const isUp = (target: number): boolean => downUntil[target]! <= time
      return [...turned.filter(isUp), ...turned.filter((target) => !isUp(target))]
    },
    taken() {
      turn += 1
    },
    failed(target) {
      // Where it is probed, a probe says when it is back.
      downUntil[target] = isProbed ? Number.POSITIVE_INFINITY : now() + PAUSE_MS
    },
    recovered(target) {
      downUntil[target] = 0
    },
  }
}
