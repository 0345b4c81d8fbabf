import type { Config, ConfigWarning } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { openControlSocket } from '../inspect/control-socket.ts'
import { logCommands } from '../inspect/log-commands.ts'
import { watchLoopDelay } from '../inspect/loop-delay.ts'
import { openMetricsListener } from '../inspect/metrics-listener.ts'
import { readMetrics, watchCommands } from '../inspect/watch-commands.ts'
import type { Logger } from '../log/logger.ts'
import { lockInstance } from '../process/instance-lock.ts'
import { openMemoryGroups } from '../process/memory-groups.ts'
import { killAllProcesses } from '../process/run.ts'
import { createServiceNotice, type ServiceNotice } from '../process/service-notice.ts'
import { type Supervisor, startSupervisor } from '../supervisor/supervisor.ts'
import type { Invocation } from './arguments.ts'
import { bannerFields, formatBanner } from './banner.ts'
import { EXIT } from './exit-codes.ts'
import { type Orders, takeOrders } from './orders.ts'
import { isColoured, type Output, openOutput } from './output.ts'
import { paintFor } from './paint.ts'
import type { Site } from './run.ts'

/**
 * Serves until it is told to stop, and gives the exit code.
 * A failed start leaves nothing running and throws.
 */
export const serve = async (invocation: Invocation, site: Site, loaded: Loaded): Promise<number> => {
  const output = openOutput(loaded.config.logging, isColoured(invocation))
  // Whatever ends this process, no app outlives it and no line is lost. First of all: what else listens may not come back.
  process.prependOnceListener('exit', () => {
    killAllProcesses()
    output.finish()
  })
  const orders = takeOrders(output.log, output.destinations.reopen)
  const lock = lockInstance(site.directory, site.configFile)
  const { destinations } = output
  using loopDelay = watchLoopDelay()
  const watched = { supervisor: orders.supervisor, destinations, loopDelay, stdoutDropped: () => output.dropped }
  const commands = { ...orders.commands, ...logCommands(destinations), ...watchCommands(watched) }
  const control = await openControlSocket(site.controlSocket, commands).catch((error: unknown) => {
    lock[Symbol.dispose]()
    throw error
  })
  try {
    await serveUntilStopped({ ...site, invocation, loaded, output, orders, metrics: () => readMetrics(watched) })
  } finally {
    // In this order: whoever waits for the answer to `stop` may start the next instance at once.
    const closed = control.close()
    lock[Symbol.dispose]()
    orders.ended()
    await closed
  }
  return EXIT.ok
}

type Serving = Site & {
  readonly invocation: Invocation
  readonly loaded: Loaded
  readonly output: Output
  readonly orders: Orders
  metrics(): Promise<string>
}

const serveUntilStopped = async (serving: Serving): Promise<void> => {
  const { invocation, loaded, env, output, orders, controlSocket, metrics } = serving
  const { log } = output
  logWarnings(log, loaded.warnings)
  await using notice = createServiceNotice(env, log)
  const supervisor = await start(serving, notice).catch((error: unknown) => {
    orders.failed(error)
    // Told to stop before it was up: as it should be, not a failure.
    if (orders.stopSignal.aborted) return undefined
    throw error
  })
  if (!supervisor) return log.info('stopped')
  const facts = { config: loaded.config, address: supervisor.address, controlSocket }
  if (process.stdout.isTTY) output.writeLine(formatBanner(facts, paintFor(process.stdout, invocation)))
  else log.info(bannerFields(facts), 'navigator serves')
  notice.ready()
  orders.started(supervisor)
  const listener = await openMetrics(loaded.config, metrics, log)
  const reason = await orders.stop
  notice.stopping()
  await supervisor.stop(reason)
  listener?.close()
  log.info('stopped')
}

const start = ({ loaded, load, env, directory, output, orders }: Serving, notice: ServiceNotice): Promise<Supervisor> =>
  startSupervisor({
    config: loaded.config,
    warnings: loaded.warnings,
    configFile: loaded.config.file,
    env,
    log: output.log,
    destinations: output.destinations,
    runtimeDirectory: directory,
    workerUrl,
    load: async (file) => {
      const next = await load(file)
      logWarnings(output.log, next.warnings)
      return next
    },
    signalSelf: (signal) => void process.kill(process.pid, signal),
    notice,
    openMemoryGroups,
    signal: orders.stopSignal,
  })

/** An address that is taken is reported, and no reason to keep apps from being served. */
const openMetrics = async ({ server: { metrics } }: Config, render: () => Promise<string>, log: Logger) => {
  if (!metrics) return undefined
  try {
    const listener = await openMetricsListener(metrics.listen, render)
    log.info({ host: metrics.listen.host, port: listener.port }, 'metrics served')
    return listener
  } catch (err) {
    log.error({ err }, 'metrics not served')
    return undefined
  }
}

/** The bundle keeps it beside itself. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? '../../workers/acceptor.ts' : './acceptor.cjs', import.meta.url)

const logWarnings = (log: Logger, warnings: readonly ConfigWarning[]): void => {
  for (const { message, at, hint } of warnings) {
    log.warn({ at: `${at.file}:${at.line}:${at.column}`, warning: message, ...(hint && { hint }) }, 'configuration warning')
  }
}
