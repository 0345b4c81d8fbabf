import { type ErrorCode, NavigatorError, type Position } from '../errors.ts'

/** An error as plain data: structured clone keeps only `name`, `message`, `stack` and `cause` of an Error. */
export type WireError = {
  readonly code: ErrorCode | 'NAV_BUG'
  readonly message: string
  readonly stack?: string
  readonly hint?: string
  readonly at?: Position
}

/** Any thread, and the control socket. What is not a NavigatorError is a bug and keeps its stack. */
export const toWire = (error: unknown): WireError => {
  const e = error instanceof Error ? error : new Error(String(error))
  if (!(e instanceof NavigatorError)) return { code: 'NAV_BUG', message: e.message, ...(e.stack === undefined ? {} : { stack: e.stack }) }
  return {
    code: e.code,
    message: e.message,
    ...(e.hint === undefined ? {} : { hint: e.hint }),
    ...(e.at === undefined ? {} : { at: e.at }),
  }
}
