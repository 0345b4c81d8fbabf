/** Runs the command the command line names and leaves with its exit code. */
import { type Invocation, parseArguments } from './arguments.ts'
import { EXIT } from './exit-codes.ts'
import { paintFor } from './paint.ts'
import { exitCodeOf, printError } from './print-error.ts'

type Command = (invocation: Invocation) => Promise<number>

// Loaded when asked for: `navigator ps` needs neither the supervisor nor the schema.
const commands: Readonly<Record<Invocation['command'], () => Promise<Command>>> = {
  run: async () => (await import('./run.ts')).run,
  check: async () => (await import('./check.ts')).check,
  reload: async () => (await import('./reload.ts')).reload,
  stop: async () => (await import('./stop.ts')).stop,
  ps: async () => (await import('./ps.ts')).ps,
  logs: async () => (await import('./logs.ts')).logs,
  inspect: async () => (await import('./inspect.ts')).inspect,
  metrics: async () => (await import('./metrics.ts')).metrics,
  start: async () => (await import('./order.ts')).order,
  restart: async () => (await import('./order.ts')).order,
  reopen: async () => (await import('./reopen.ts')).reopen,
  schema: async () => (await import('./schema.ts')).printSchema,
  version: async () => (await import('./version.ts')).printVersion,
  help: async () => (await import('./help.ts')).printHelp,
}

const start = async (): Promise<number> => {
  try {
    const invocation = parseArguments(process.argv.slice(2))
    const command = await commands[invocation.command]()
    return await command(invocation)
  } catch (error) {
    printError(error, paintFor(process.stderr, { noColor: process.argv.includes('--no-color') }))
    return exitCodeOf(error)
  }
}

// Whoever reads our answer may have read enough of it: `navigator ps | head -1`. A serving navigator writes through its own sink.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.ok)
})

// Not before the pipe has taken the whole answer.
void start().then((code) => process.stdout.write('', () => process.exit(code)))
