import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromCallback, fromPromise } from 'xstate'
import { type TenantMachine, tenantMachine } from '../../../machines/tenant.ts'
import type { HooksInput, PoolCommand, ProcessCommand, Running } from '../../../machines/tenant-facts.ts'
import type { TenantConfig } from '../../config/config.ts'
import { resolveCommand } from '../../process/command.ts'
import { childEnvironment } from '../../process/environment.ts'
import { accountEnvironment } from '../../process/identity.ts'
import type { PidDirectory } from '../../process/leftovers.ts'
import { dropAppPidFile } from '../../process/pid-file.ts'
import type { Ports } from '../../process/ports.ts'
import { awaitReadiness } from '../../process/readiness.ts'
import type { GateKeeper } from '../../protocol/counters.ts'
import type { Hooks } from '../hooks.ts'
import type { MemoryLimits } from '../memory-limits.ts'
import type { Slots } from '../slots.ts'
import type { StartPool } from '../start-pool.ts'
import { type Launch, liveChild } from './child.ts'

const DRAIN_LOOK_MS = 20

/** What the actors of all tenants share. */
export type TenantSurroundings = {
  readonly env: NodeJS.ProcessEnv
  readonly ports: Ports
  readonly slots: Slots
  readonly pool: StartPool
  readonly gates: GateKeeper
  readonly pids: PidDirectory
  readonly hooks: Hooks
  readonly memory: MemoryLimits
  /** The configuration of the generation with this id. */
  configOf(id: string): TenantConfig
  onLine(tenant: string, stream: 'stdout' | 'stderr', line: string): void
}

/** The tenant machine joined to real processes, ports and gates. One for all tenants. Supervisor thread. */
export const liveTenantMachine = (around: TenantSurroundings): TenantMachine =>
  tenantMachine.provide({
    actors: {
      pool: fromCallback<PoolCommand, { id: string }>(({ receive, sendBack }) =>
        joinPool(around.pool, receive, () => sendBack({ type: 'start.granted' })),
      ),
      process: fromCallback<ProcessCommand, { id: string }>(({ input, ...line }) => {
        const config = around.configOf(input.id)
        return liveChild(() => prepareTenant(config, around), around.pids, line)
      }),
      hooks: fromPromise<void, HooksInput>(({ input, signal }) =>
        around.hooks.runTenant(input.moment, around.configOf(input.id), input.running!, signal),
      ),
      awaitReady: fromPromise<void, { id: string; running: Running | undefined }>(({ input, signal }) => {
        const { health_check, readiness: { enabled, expected_status, initial_delay, interval } = {} } = around.configOf(input.id)
        return awaitReadiness({
          port: input.running!.port,
          path: enabled === false ? undefined : health_check,
          signal,
          expectedStatus: expected_status,
          initialDelayMs: initial_delay,
          intervalMs: interval,
        })
      }),
      gate: fromCallback<{ type: 'none' }, { running: Running | undefined; ticket: number | undefined }>(({ input, sendBack }) => {
        const { slot, port } = input.running!
        // A stop that was called off shows the old ticket again: workers still hold it.
        if (input.ticket !== undefined) around.gates.reopen(slot, input.ticket)
        sendBack({ type: 'gate.opened', ticket: input.ticket ?? around.gates.open(slot, port) })
        return () => around.gates.close(slot)
      }),
      drain: fromPromise<void, { running: Running | undefined }>(async ({ input, signal }) => {
        while (around.gates.read(input.running!.slot).inFlight > 0) await sleep(DRAIN_LOOK_MS, undefined, { signal })
      }),
    },
  })

const joinPool = (pool: StartPool, receive: (listener: (command: PoolCommand) => void) => void, granted: () => void): (() => void) => {
  const claim = pool.claim(granted)
  receive((command) => {
    if (command.type === 'place.asked') claim.ask(command)
    else if (command.type === 'start.over') claim.endStart()
    else claim.leave()
  })
  return claim.leave
}

const prepareTenant = async (config: TenantConfig, around: TenantSurroundings): Promise<Launch<{ port: number; slot: number }>> => {
  using lent = new DisposableStack()
  const port = await around.ports.lend()
  lent.defer(() => around.ports.giveBack(port))
  const slot = around.slots.lend()
  lent.defer(() => around.slots.giveBack(slot))
  const hold = around.memory.hold(config, slot)
  if (hold) lent.use(hold)
  const command = await resolveCommand(config, port)
  const lentNames = { ...accountEnvironment(config.account), ...command.env }
  const env = childEnvironment(around.env, { lent: lentNames, own: config.env, unset: config.unset_env ?? [], port })
  // Only what its own configuration names: a PIDFILE of navigator's surroundings is not the app's.
  if (config.env['PIDFILE']) dropAppPidFile(resolve(config.root, env['PIDFILE']!))
  const kept = lent.move()
  return {
    spec: {
      name: config.name,
      argv: command.argv,
      cwd: config.root,
      as: config.account,
      membersFile: hold?.membersFile,
      env,
      onLine: (stream, line) => around.onLine(config.name, stream, line),
    },
    facts: { port, slot },
    [Symbol.dispose]: () => kept.dispose(),
  }
}
