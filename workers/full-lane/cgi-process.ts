/** A CGI script as a process: the leader of a group, so that what it starts ends with it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { basename, dirname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { CgiScriptConfig } from '../../src/config/config.ts'
import { signalGroup } from '../../src/process/group.ts'
import { readLines } from '../../src/process/output.ts'
import type { WorkerMessage } from '../../src/protocol/messages.ts'
import { scriptEnvironment } from './cgi-environment.ts'
import { identityOf } from './cgi-identity.ts'
import type { Passage } from './passage.ts'

export type ScriptExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type ScriptProcess = {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Never rejects. */
  readonly exited: Promise<ScriptExit>
  /** Whether it has been told to end because its time was up. */
  readonly isTimedOut: boolean
  /** Tells the whole group to end; 2 s later it is killed. */
  end(): void
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2_000

/**
 * Starts a script for one request. Worker thread; the supervisor is told, and ends it should this thread be gone before it.
 * @throws Error, saying why, when it cannot be started.
 */
export const startScript = async (
  passage: Passage,
  script: CgiScriptConfig,
  post: (message: WorkerMessage) => void,
): Promise<ScriptProcess> => {
  const identity = await identityOf(script)
  const cwd = dirname(script.script)
  const child = spawn(script.script, [], {
    cwd,
    env: scriptEnvironment(passage, script),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...identity,
  })
  const name = basename(script.script)
  // Before anything is awaited: a thread that ends now must not leave it behind.
  if (child.pid !== undefined) post({ type: 'cgi.started', pid: child.pid, script: name })
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  child.on('error', () => {})
  readLines(child.stderr, (line) => post({ type: 'cgi.said', script: name, line }))
  return new Script(child, { name, timeoutMs: script.timeout ?? 0, post })
}

class Script implements ScriptProcess {
  readonly exited: Promise<ScriptExit>
  isTimedOut = false
  readonly #child: Child
  readonly #startedAt = performance.now()
  #limit: NodeJS.Timeout | undefined
  #kill: NodeJS.Timeout | undefined

  constructor(child: Child, facts: { name: string; timeoutMs: number; post(message: WorkerMessage): void }) {
    this.#child = child
    if (facts.timeoutMs > 0) this.#limit = setTimeout(() => this.#expire(), facts.timeoutMs)
    const { promise, resolve } = Promise.withResolvers<ScriptExit>()
    this.exited = promise
    child.once('exit', (code, signal) => {
      clearTimeout(this.#limit)
      resolve({ code, signal })
      this.#outlive(() => {
        const tookMs = Math.round(performance.now() - this.#startedAt)
        facts.post({ type: 'cgi.ended', pid: this.#pid, script: facts.name, code, signal, tookMs })
      })
    })
  }

  get stdin(): Writable {
    return this.#child.stdin
  }

  get stdout(): Readable {
    return this.#child.stdout
  }

  get #pid(): number {
    return this.#child.pid!
  }

  end(): void {
    if (this.#kill !== undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    signalGroup(this.#pid, 'SIGTERM')
    this.#kill = setTimeout(() => signalGroup(this.#pid, 'SIGKILL'), GRACE_MS)
  }

  #expire(): void {
    this.isTimedOut = true
    this.end()
  }

  /** What it has left in its group ends after it, at the latest 2 s later. */
  #outlive(gone: () => void): void {
    clearTimeout(this.#kill)
    if (!signalGroup(this.#pid, 'SIGTERM')) {
      gone()
      return
    }
    setTimeout(() => {
      signalGroup(this.#pid, 'SIGKILL')
      gone()
    }, GRACE_MS)
  }
}
