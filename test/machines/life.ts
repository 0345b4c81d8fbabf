/** What the lives of all machines need. */
import type { ProcessExit } from '../../machines/backoff.ts'

/** The leaf of a state value: `idle`, `terminating`, … */
export const leafOf = (value: unknown): string => {
  let leaf = value
  while (typeof leaf === 'object' && leaf !== null) leaf = Object.values(leaf)[0]
  return String(leaf)
}

/** An exit with nothing remarkable about it. */
export const exitOf = (changes: Partial<ProcessExit>): ProcessExit => ({ code: null, signal: null, at: 0, chance: 0, tail: [], ...changes })

/** Resolved promises of actors have been heard. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
