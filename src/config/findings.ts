import { NavigatorError, type Position } from '../errors.ts'
import type { ConfigWarning } from './config.ts'

/** Gathers what is wrong and what is odd, so that all of it can be told at once. */
export type Findings = {
  readonly errors: readonly NavigatorError[]
  readonly warnings: readonly ConfigWarning[]
  /** The same message at the same place is kept once, with how often it was found. */
  error(message: string, at: Position, hint: string): void
  warn(message: string, at: Position, hint?: string): void
}

export const createFindings = (): Findings => {
  const found = new Map<string, { readonly message: string; readonly at: Position; readonly hint: string; times: number }>()
  const warnings: ConfigWarning[] = []
  return {
    get errors() {
      return [...found.values()].map(
        ({ message, at, hint, times }) =>
          new NavigatorError('NAV_CONFIG_INVALID', times > 1 ? `${message} (${times} tenants)` : message, { at, hint }),
      )
    },
    warnings,
    error(message, at, hint) {
      const key = `${at.line}:${at.column} ${message}`
      const known = found.get(key)
      if (known) known.times += 1
      else found.set(key, { message, at, hint, times: 1 })
    },
    warn: (message, at, hint) => void warnings.push({ code: 'NAV_CONFIG_WARNING', message, at, ...(hint === undefined ? {} : { hint }) }),
  }
}
