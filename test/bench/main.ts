/**
 * `npm run bench -- [parts…] [--quick] [--rounds N] [--seconds N] [--minutes N] [--only PEER]…`
 * Measures navigator and its peers by turns, prints tables and writes bench/results/*.json. Linux only (/proc).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench, Settings } from './bench.ts'
import { createCrew } from './crew.ts'
import { createLoadGenerator } from './load.ts'
import { measureColdStarts } from './parts/cold.ts'
import { measureLatency } from './parts/latency.ts'
import { measureLookup } from './parts/lookup.ts'
import { measureMemory } from './parts/memory.ts'
import { measureProxying } from './parts/proxy.ts'
import { measureReload } from './parts/reload.ts'
import { measureSoak } from './parts/soak.ts'
import { measureStart } from './parts/start.ts'
import { measureStaticFiles } from './parts/static.ts'
import { measureSupervisor } from './parts/supervisor.ts'
import { measureWorkers } from './parts/workers.ts'
import { columns } from './peers/lineup.ts'
import { createReport } from './report.ts'
import { describeMachine, findTools } from './tools.ts'

const parts: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  proxy: measureProxying,
  static: measureStaticFiles,
  latency: measureLatency,
  workers: measureWorkers,
  lookup: measureLookup,
  supervisor: measureSupervisor,
  cold: measureColdStarts,
  memory: measureMemory,
  start: measureStart,
  reload: measureReload,
  soak: measureSoak,
}

/** Half an hour by itself: only where it is named. */
const onlyByName = new Set(['soak'])

const usage = `usage: npm run bench -- [parts…] [--quick] [--rounds N] [--seconds N] [--minutes N] [--only PEER]…
  parts: ${Object.keys(parts).join(' ')}; all but ${[...onlyByName].join(' ')} when none is named
  peers: ${columns.join(', ')}; all that are installed when none is named
`

const main = async (): Promise<void> => {
  const { settings, names } = readArguments()
  const tools = findTools()
  const checkout = join(import.meta.dirname, '../..')
  const machine = describeMachine()
  const directory = mkdtempSync(join(tmpdir(), 'navigator-bench-'))
  // The directory lies in none of the others, but Node may lie in the checkout: the longest first.
  const paths = { node: process.execPath, $TMP: directory, '.': checkout }
  const report = createReport(join(checkout, 'bench/results'), { machine, tools, settings, paths })
  report.say(`${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, load ${machine.load.toFixed(2)}`)
  for (const { name, version, lost } of tools.all) report.say(version ? `  ${name} ${version}` : `  MISSING ${name}: not measured: ${lost}`)
  if (!tools.countsInstructions)
    report.say('  MISSING instruction counter: CPU time is compared, which moves by up to 30 % on a busy machine')
  const crew = createCrew()
  const bench = { settings, tools, crew, directory, checkout, report, putLoad: createLoadGenerator(crew, directory) }
  const cleanUp = async (): Promise<void> => {
    await crew.stopAll()
    rmSync(directory, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cleanUp().then(() => process.exit(130)))
  try {
    if (!tools.has('wrk')) throw new Error('wrk is needed: apt-get install wrk nginx haproxy linux-perf')
    for (const name of names) await runPart(bench, name)
  } finally {
    await cleanUp()
  }
}

const runPart = async (bench: Bench, name: string): Promise<void> => {
  bench.report.say(`\n== ${name}`)
  try {
    await parts[name]!(bench)
  } catch (error) {
    // One part that cannot be measured must not cost the others; the exit code tells.
    bench.report.say(`  FAILED ${name}: ${error instanceof Error ? error.stack : String(error)}`)
    process.exitCode = 1
  } finally {
    await bench.crew.stopAll()
  }
}

const readArguments = (): { readonly settings: Settings; readonly names: readonly string[] } => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      only: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const isQuick = values.quick === true
  const rounds = Number(values.rounds ?? (isQuick ? 3 : 5))
  const seconds = Number(values.seconds ?? (isQuick ? 1 : 2))
  const minutes = Number(values.minutes ?? (isQuick ? 2 : 30))
  const unknown = [
    ...positionals.filter((name) => !(name in parts)),
    ...(values.only ?? []).filter((name) => !columns.some((one) => one === name)),
  ]
  if (values.help || unknown.length > 0 || !(rounds >= 1) || !(seconds >= 1) || !(minutes > 0)) {
    process.stderr.write(`${unknown.map((name) => `unknown: ${name}\n`).join('')}${usage}`)
    process.exit(values.help ? 0 : 2)
  }
  const names = positionals.length > 0 ? positionals : Object.keys(parts).filter((name) => !onlyByName.has(name))
  return { settings: { rounds, seconds, minutes, isQuick, only: values.only ?? [] }, names }
}

await main()
