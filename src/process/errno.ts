/** Whether a system call failed with one of these codes (`ENOENT`, `EADDRINUSE`, …). Any thread. */
export const isErrno = (error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
