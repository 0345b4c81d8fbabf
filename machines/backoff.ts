/** The facts of one exit, as the process actor reports them: the machines themselves have neither a clock nor chance. */
export type ProcessExit = {
  readonly code: number | null
  readonly signal: string | null
  /** Epoch ms. */
  readonly at: number
  /** 0 up to 1, drawn anew for each exit: spreads the next tries of many. */
  readonly chance: number
  /** Last lines of stderr, oldest first. */
  readonly tail: readonly string[]
  /** Set when it never ran: the program could not be executed, no port was free. */
  readonly startError?: string
}

/** What is kept of the last exit for `ps` and `inspect`. */
export type LastExit = Pick<ProcessExit, 'code' | 'signal' | 'at'>

/** Why the last try failed, in words fit for the public, and when the next may be made, in epoch ms. */
export type Failure = { readonly reason: string; readonly retryAt: number }

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
const JITTER = 0.2

/** How long to wait after the `failures`th failure in a row: 1 s doubling to 30 s, up to a fifth longer by chance. In ms. */
export const backoffMs = (failures: number, chance: number): number =>
  Math.round(Math.min(FIRST_MS * 2 ** Math.max(failures - 1, 0) * (1 + JITTER * chance), LONGEST_MS))

/** Keeps of an exit what `ps` and `inspect` show. */
export const lastExitOf = ({ code, signal, at }: ProcessExit): LastExit => ({ code, signal, at })
