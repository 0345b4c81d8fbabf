/**
 * Timeouts without a timer for each socket: a connection notes at which tick of the lane's clock, one a second, it runs out of
 * time. A timeout comes up to two seconds late, never early.
 */

/** The tick by which `ms` have surely passed. 0 ms is never. */
export const deadlineAfter = (clock: number, ms: number): number => (ms === 0 ? Number.POSITIVE_INFINITY : clock + 1 + Math.ceil(ms / 1000))

/** How long a client may take to close once all has been said, in ms. */
export const LINGER_MS = 5_000
