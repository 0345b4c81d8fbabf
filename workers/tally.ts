import { BOUNDS_MS, DURATION_SUM, HISTOGRAM, ROW, STATUS_CLASSES, type TrafficDelta } from '../src/protocol/traffic.ts'

/** Counts requests by tenant, and tells once a second what was added, only if anything was. Worker thread. */
export type Tally = {
  count(request: { readonly tenant?: string | undefined; readonly status: number; readonly requestTimeMs: number }): void
  /** Tells now, for the end of the thread. */
  flush(): void
}

const TELL_MS = 1_000

export const createTally = (tell: (delta: TrafficDelta) => void): Tally => {
  let rows = new Map<string, Float64Array>()
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (rows.size === 0) return
    const cells = new Float64Array(rows.size * ROW)
    let at = 0
    for (const row of rows.values()) {
      cells.set(row, at)
      at += ROW
    }
    tell({ tenants: [...rows.keys()], cells })
    rows = new Map()
  }

  return {
    flush,
    count({ tenant = '', status, requestTimeMs }) {
      let row = rows.get(tenant)
      if (row === undefined) {
        row = new Float64Array(ROW)
        rows.set(tenant, row)
        timer ??= setTimeout(flush, TELL_MS)
      }
      row[classOf(status)]!++
      row[bucketOf(requestTimeMs)]!++
      row[DURATION_SUM]! += requestTimeMs
    },
  }
}

const classOf = (status: number): number => Math.min(Math.max(Math.floor(status / 100), 1), STATUS_CLASSES) - 1

const bucketOf = (ms: number): number => {
  let bucket = 0
  while (bucket < BOUNDS_MS.length && ms > BOUNDS_MS[bucket]!) bucket++
  return HISTOGRAM + bucket
}
