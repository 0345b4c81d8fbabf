import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { deserialize } from 'node:v8'
import { type ErrorCode, NavigatorError, type Position } from '../errors.ts'
import { ConfigError } from './config-error.ts'
import type { Loaded } from './load.ts'

/** What the loading process answers: an error loses its class and its fields on the way, so it comes as data. */
export type LoadReply =
  | { readonly kind: 'loaded'; readonly loaded: Loaded }
  | { readonly kind: 'invalid'; readonly file: string; readonly errors: readonly Refusal[] }
  | { readonly kind: 'refused'; readonly error: Refusal }

/** A NavigatorError as data. */
export type Refusal = { readonly code: ErrorCode; readonly message: string; readonly hint?: string; readonly at?: Position }

/**
 * `loadConfig` in a process of its own. The parser and the schema take tens of megabytes, which are given back with it (a thread
 * leaves most of them), and a long file holds up nothing of what runs. Supervisor and commands.
 * @throws what `loadConfig` throws.
 */
export const loadConfigApart = async (
  file: string,
  { env = process.env, cwd = process.cwd() }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Loaded> => {
  const loader = spawn(process.execPath, [program, file], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [answer, [code, signal]] = await Promise.all([buffer(loader.stdout), once(loader, 'close')])
  // A bug has told its stack on stderr.
  if (code !== 0) throw new Error(`the process that loads the configuration ended with ${signal ?? `exit code ${code}`}`)
  const reply = deserialize(answer) as LoadReply
  if (reply.kind === 'loaded') return reply.loaded
  if (reply.kind === 'invalid') throw new ConfigError(reply.file, reply.errors.map(revive))
  throw revive(reply.error)
}

/** The bundle keeps it beside itself. */
const program = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './loading-process.ts' : './load-config.cjs', import.meta.url))

const revive = ({ code, message, ...detail }: Refusal): NavigatorError => new NavigatorError(code, message, detail)
