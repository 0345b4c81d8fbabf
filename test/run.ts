/** `npm test`: style, types, then every test, and which optional parts this machine has for them. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { optionalParts } from './optional-parts.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const only = process.argv.slice(2)
// Tools found by `env node` get the same Node as this script.
const env = { ...process.env, PATH: [join(process.execPath, '..'), process.env['PATH']].join(delimiter) }

const run = (title: string, command: string, args: readonly string[]): boolean => {
  process.stdout.write(`\n${title}\n`)
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' })
  if (error) throw error
  return status === 0
}

const runTests = (): boolean => {
  const directory = mkdtempSync(join(tmpdir(), 'navigator-test-report-'))
  const report = join(directory, 'report.json')
  try {
    const passed = run('tests', process.execPath, [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...only,
    ])
    summarize(report)
    return passed
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const summarize = (report: string): void => {
  if (!existsSync(report)) return
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
  for (const { name, found } of optionalParts())
    process.stdout.write(`${found ? 'with' : 'without'} ${name}${found ? ` (${found})` : ''}\n`)
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`)
}

// Tests are run even where style or types are wrong: one run tells everything.
const results = [run('style', bin('biome'), ['check', '.']), run('types', bin('tsc'), []), runTests()]
process.exitCode = results.every(Boolean) ? 0 : 1
