/** Counts by name and window of time, in memory that threads share. Rarely, two names share a count. */

const CELLS = 1 << 16
const COUNT_BITS = 20
const COUNT_LIMIT = (1 << COUNT_BITS) - 1
const WINDOWS = 1 << (32 - COUNT_BITS)

export type Tally = {
  /** Counts one more. Gives how many that makes in this window. */
  add(name: string, window: number): number
  /** Counts one less. */
  remove(name: string, window: number): void
}

/** Memory for one tally. The first cell holds what makes its hashes unlike those of others. */
export const allocateTally = (seed: number): SharedArrayBuffer => {
  const memory = new SharedArrayBuffer(4 * (CELLS + 1))
  new Uint32Array(memory)[0] = seed
  return memory
}

/** A view of it. Any thread. */
export const createTally = (memory: SharedArrayBuffer): Tally => {
  const cells = new Uint32Array(memory)
  const seed = cells[0]!
  const change = (cell: number, window: number, by: number): number => {
    for (;;) {
      const before = Atomics.load(cells, cell)
      const isCurrent = before >>> COUNT_BITS === window % WINDOWS
      const count = Math.max(0, Math.min(COUNT_LIMIT, (isCurrent ? before & COUNT_LIMIT : 0) + by))
      const after = (((window % WINDOWS) << COUNT_BITS) | count) >>> 0
      if (Atomics.compareExchange(cells, cell, before, after) === before) return count
    }
  }
  // Two cells for each name: only who shares both shares a count.
  const both = (name: string, window: number, by: number): number =>
    Math.min(change(cellOf(name, seed), window, by), change(cellOf(name, ~seed), window, by))
  return {
    add: (name, window) => both(name, window, 1),
    remove: (name, window) => void both(name, window, -1),
  }
}

/** FNV-1a, stirred. */
const cellOf = (name: string, seed: number): number => {
  let hash = (seed ^ 0x81_1c_9d_c5) >>> 0
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01_00_01_93)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d)
  return 1 + ((hash ^ (hash >>> 13)) & (CELLS - 1))
}
