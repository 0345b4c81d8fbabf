/** What navigator leaves with, for scripts. */
export const EXIT = {
  ok: 0,
  /** The configuration is wrong, or the start or the order failed. */
  failed: 1,
  /** The command line was not understood. */
  usage: 2,
  /** No instance runs that could be asked. */
  notRunning: 75,
  /** A second interrupt ended the program before it had stopped everything in order. */
  forced: 130,
} as const
