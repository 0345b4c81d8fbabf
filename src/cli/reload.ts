import type { ReloadReport } from '../supervisor/report.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { askRunning } from './instance.ts'
import { paintFor } from './paint.ts'
import { describeError } from './print-error.ts'

/** A changed tenant is replaced once its successor is ready, which an app may take minutes for. */
const RELOAD_TIMEOUT_MS = 15 * 60_000

/** `navigator reload [file]`: says what changed. A refused file throws its errors; a tenant that could not be replaced exits 1. */
export const reload = async (invocation: Invocation): Promise<number> => {
  const report = (await askRunning('reload', invocation, RELOAD_TIMEOUT_MS)) as ReloadReport
  const paint = paintFor(process.stderr, invocation)
  for (const warning of report.warnings) process.stderr.write(`${describeError(warning, paint)}\n`)
  process.stdout.write(`${describeReload(report)}\n`)
  for (const { kind, name, reason } of report.failures)
    process.stderr.write(`${kind} ${name} ${paint('red', kind === 'hook' ? 'failed' : 'runs on as it was')}: ${reason}\n`)
  return report.failures.length === 0 ? EXIT.ok : EXIT.failed
}

/** `reloaded: tenants boston added, chicago changed; …`, or that nothing changed. */
export const describeReload = ({ tenants, processes, address, deferred }: ReloadReport): string => {
  const parts = [
    ...describeChanges('tenant', tenants),
    ...describeChanges('process', processes),
    ...(address ? [`listening on ${address.host}:${address.port}`] : []),
    ...deferred.map((change) => `${change} at the next start`),
  ]
  return parts.length === 0 ? 'reloaded: nothing changed' : `reloaded: ${parts.join('; ')}`
}

const MOST_NAMES = 10

const describeChanges = (kind: string, changes: Readonly<Record<string, readonly string[]>>): readonly string[] =>
  Object.entries(changes)
    .filter(([, names]) => names.length > 0)
    .map(([verb, names]) => {
      const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
      return `${kind} ${names.slice(0, MOST_NAMES).join(', ')}${more} ${verb}`
    })
