import type { PsReport } from '../supervisor/report.ts'
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { askRunning } from './instance.ts'
import { paintFor } from './paint.ts'
import { formatPs } from './ps-table.ts'

const PS_TIMEOUT_MS = 10_000

/** `navigator ps [file]`: a table, or with --json the report as it came. */
export const ps = async (invocation: Invocation): Promise<number> => {
  const report = (await askRunning('ps', invocation, PS_TIMEOUT_MS)) as PsReport
  const text = invocation.json
    ? `${JSON.stringify(report)}\n`
    : formatPs(report, { now: Date.now(), paint: paintFor(process.stdout, invocation) })
  process.stdout.write(text)
  return EXIT.ok
}
