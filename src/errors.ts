/** Where in which file the cause stands. Lines and columns count from 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number }

/** Every code a person can meet. Stable: scripts and alert rules match on them. */
export type ErrorCode =
  | 'NAV_ALREADY_RUNNING'
  | 'NAV_CAPACITY_EXHAUSTED'
  | 'NAV_CONFIG_INVALID'
  | 'NAV_CONFIG_UNREADABLE'
  | 'NAV_CONTROL_FAILED'
  | 'NAV_EXEC_FAILED'
  | 'NAV_HOOK_FAILED'
  | 'NAV_HOST_FAILED'
  | 'NAV_LISTEN_FAILED'
  | 'NAV_NOT_RUNNING'
  | 'NAV_PORT_EXHAUSTED'
  | 'NAV_PROCESS_EXITED'
  | 'NAV_START_TIMEOUT'
  | 'NAV_USAGE'

/** An error a person must act on: what went wrong, where, and what to do about it. Any thread. */
export class NavigatorError extends Error {
  override readonly name = 'NavigatorError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly at: Position | undefined

  constructor(code: ErrorCode, message: string, detail: { hint?: string; at?: Position; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? {} : { cause: detail.cause })
    this.code = code
    this.hint = detail.hint
    this.at = detail.at
  }

  /** `config/navigator.yml:14:7 NAV_CONFIG_INVALID: …` and, on a line of its own, `  hint: …`. */
  override toString(): string {
    const where = this.at ? `${this.at.file}:${this.at.line}:${this.at.column} ` : ''
    return `${where}${this.code}: ${this.message}${this.hint ? `\n  hint: ${this.hint}` : ''}`
  }
}
