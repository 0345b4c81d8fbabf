import { resolve } from 'node:path'
import { findConfigFile } from '../config/find.ts'
import type { Loaded } from '../config/load.ts'
import { loadConfigApart } from '../config/load-apart.ts'
import { runtimeDirectory } from '../process/instance-lock.ts'
import type { Invocation } from './arguments.ts'
import { CONTROL_SOCKET_VARIABLE, controlSocketIn } from './instance.ts'

/** Where an instance is to run, and how it reads its configuration. */
export type Site = {
  readonly configFile: string
  /** Its runtime directory. */
  readonly directory: string
  readonly controlSocket: string
  /** What apps inherit. */
  readonly env: NodeJS.ProcessEnv
  load(file: string): Promise<Loaded>
}

/** `navigator [file]`: the configuration is read in another thread while this one loads the supervisor. */
export const run = async (invocation: Invocation): Promise<number> => {
  const site = locate(invocation)
  const [loaded, { serve }] = await Promise.all([site.load(site.configFile), import('./serve.ts')])
  return serve(invocation, site, loaded)
}

const locate = (invocation: Invocation): Site => {
  const configFile = resolve(findConfigFile(invocation.file, process.env, process.cwd()))
  const directory = runtimeDirectory(configFile, process.env)
  const controlSocket = controlSocketIn(directory)
  // What the configuration may name as ${…}: an app that is to ask navigator is told where.
  const env = { ...process.env, [CONTROL_SOCKET_VARIABLE]: controlSocket }
  return { configFile, directory, controlSocket, env, load: (file) => loadConfigApart(file, { env }) }
}
