import { BOUNDS_MS, DURATION_SUM, HISTOGRAM, ROW, STATUS_CLASSES, type TrafficDelta } from '../protocol/traffic.ts'

/** Requests of one tenant since navigator started. */
export type TrafficTotal = {
  /** By class of status: 1xx, 2xx, … 5xx. */
  readonly classes: readonly number[]
  /** By `BOUNDS_MS`, each for itself, not added up; the last is what took longer than all of them. */
  readonly histogram: readonly number[]
  readonly sumMs: number
}

/** Adds up what workers count. `''` stands for requests of no tenant. Supervisor thread. */
export type Traffic = {
  add(delta: TrafficDelta): void
  /** Undefined before its first request. */
  total(tenant: string): TrafficTotal | undefined
  names(): readonly string[]
}

export const createTraffic = (): Traffic => {
  const rows = new Map<string, Float64Array>()

  return {
    names: () => [...rows.keys()],
    add({ tenants, cells }) {
      for (const [index, tenant] of tenants.entries()) {
        const row = rows.get(tenant) ?? new Float64Array(ROW)
        rows.set(tenant, row)
        for (let cell = 0; cell < ROW; cell++) row[cell]! += cells[index * ROW + cell]!
      }
    },
    total(tenant) {
      const row = rows.get(tenant)
      if (row === undefined) return undefined
      return {
        classes: [...row.subarray(0, STATUS_CLASSES)],
        histogram: [...row.subarray(HISTOGRAM, HISTOGRAM + BOUNDS_MS.length + 1)],
        sumMs: row[DURATION_SUM]!,
      }
    },
  }
}

/** The duration in ms that `share` of the requests of a histogram stayed below, between two bounds by proportion. 0 for none. */
export const quantileOf = (histogram: readonly number[], share: number): number => {
  const wanted = histogram.reduce((sum, count) => sum + count, 0) * share
  let below = 0
  for (const [index, count] of histogram.entries()) {
    if (below + count < wanted || count === 0) {
      below += count
      continue
    }
    const lower = BOUNDS_MS[index - 1] ?? 0
    return lower + ((BOUNDS_MS[index] ?? lower) - lower) * ((wanted - below) / count)
  }
  return 0
}
