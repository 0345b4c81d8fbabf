import { rmSync } from 'node:fs'
import { fromCallback, fromPromise } from 'xstate'
import { type ProcessMachine, processMachine } from '../../../machines/process.ts'
import type { ProcessCommand } from '../../../machines/tenant-facts.ts'
import type { ManagedProcessConfig } from '../../config/config.ts'
import { childEnvironment } from '../../process/environment.ts'
import { accountEnvironment } from '../../process/identity.ts'
import type { PidDirectory } from '../../process/leftovers.ts'
import { awaitReadiness } from '../../process/readiness.ts'
import type { ProcessSpec } from '../../process/run.ts'
import { type Launch, liveChild } from './child.ts'

/** What the actors of all managed processes share. */
export type ProcessSurroundings = {
  readonly env: NodeJS.ProcessEnv
  readonly pids: PidDirectory
  /** The configuration of the generation with this id. */
  configOf(id: string): ManagedProcessConfig
  awaitDependencies(id: string, signal: AbortSignal): Promise<void>
  onLine(process: string, stream: 'stdout' | 'stderr', line: string): void
}

/** The machine of managed processes joined to real ones. One for all of them. Supervisor thread. */
export const liveProcessMachine = (around: ProcessSurroundings): ProcessMachine =>
  processMachine.provide({
    actors: {
      process: fromCallback<ProcessCommand, { id: string }>(({ input, sendBack, receive }) => {
        const config = around.configOf(input.id)
        return liveChild(async () => prepareProcess(config, around), around.pids, { sendBack, receive })
      }),
      dependencies: fromPromise<void, { id: string }>(({ input, signal }) => around.awaitDependencies(input.id, signal)),
      awaitReady: fromPromise<void, { id: string }>(async ({ input, signal }) => {
        const { health_check: check } = around.configOf(input.id)
        if (check) await awaitReadiness({ port: check.port, path: check.path, signal })
      }),
    },
  })

const prepareProcess = (config: ManagedProcessConfig, around: ProcessSurroundings): Launch<object> => {
  if (config.stale_socket !== undefined) rmSync(config.stale_socket, { force: true })
  return { spec: specOf(config, around), facts: {}, [Symbol.dispose]: () => {} }
}

const specOf = (config: ManagedProcessConfig, around: ProcessSurroundings): ProcessSpec => ({
  name: config.name,
  argv: [config.command, ...config.args],
  cwd: config.working_dir,
  as: config.account,
  env: childEnvironment(around.env, { lent: accountEnvironment(config.account), own: config.env, unset: config.unset_env ?? [] }),
  onLine: (stream, line) => around.onLine(config.name, stream, line),
})
