import { join, resolve } from 'node:path'
import { findConfigFile } from '../config/find.ts'
import { NavigatorError } from '../errors.ts'
import { askInstance } from '../inspect/control-socket.ts'
import { runningInstance, runtimeDirectory } from '../process/instance-lock.ts'
import type { Invocation } from './arguments.ts'
import { shown } from './print-error.ts'

/** Name of the variable that tells children of an instance, and commands they start, where it listens. */
export const CONTROL_SOCKET_VARIABLE = 'NAVIGATOR_CONTROL_SOCKET'

/** Where the instance of a runtime directory takes orders. */
export const controlSocketIn = (directory: string): string => join(directory, 'control.sock')

/**
 * Asks the instance that runs on the configuration named or found; inside a child of an instance, that instance.
 * @throws NAV_NOT_RUNNING when there is none.
 */
export const askRunning = async (command: string, invocation: Invocation, timeoutMs: number): Promise<unknown> =>
  askInstance(runningSocket(invocation), { command }, { timeoutMs })

/**
 * The control socket of that instance.
 * @throws NAV_NOT_RUNNING when there is none.
 */
export const runningSocket = ({ file }: Invocation): string => {
  const around = process.env[CONTROL_SOCKET_VARIABLE]
  if (file === undefined && around) return around
  const config = resolve(findConfigFile(file, process.env, process.cwd()))
  const directory = runtimeDirectory(config, process.env)
  if (!runningInstance(directory)) {
    throw new NavigatorError('NAV_NOT_RUNNING', `no instance of navigator runs on ${shown(config)}`, {
      hint: `start one with: navigator ${shown(config)}`,
    })
  }
  return controlSocketIn(directory)
}
