import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { execFailure } from './exec-failure.ts'
import { findProgram } from './find-program.ts'
import { endGroup, isGroupAlive, isGroupGone, signalGroup } from './group.ts'
import { type Account, type Disguise, disguiseAs } from './identity.ts'
import { readLines } from './output.ts'
import { createTail } from './tail.ts'

/** How long what a process leaves behind in its group may go on after SIGTERM, in ms. */
const STRAGGLER_GRACE_MS = 2_000
/** How long the last output of a process is waited for after its exit: a child of it may hold the pipe open for ever. */
const LAST_OUTPUT_MS = 100

/** What to run. */
export type ProcessSpec = {
  /** For messages. */
  readonly name: string
  readonly argv: readonly string[]
  readonly cwd: string
  /** The whole environment: nothing is added to it. */
  readonly env: NodeJS.ProcessEnv
  /** Who it is run as; navigator itself by default. */
  readonly as?: Account | undefined
  /** The file of a control group to which it writes its pid before it begins, so that all it starts is in the group too. */
  readonly membersFile?: string | undefined
  /** Each line it writes, without line end, at most 64 KiB. Not called after disposal. */
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void
}

/** How a process ended: by itself with `code`, or by `signal`. */
export type ProcessExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** A child process and all it forks, as one process group. Disposal kills what is left of the group and waits for its end. */
export type RunningProcess = AsyncDisposable & {
  readonly pid: number
  /** Epoch ms. */
  readonly startedAt: number
  /** Resolves when the process itself has ended and its last lines have been handed on. Never rejects. */
  readonly exited: Promise<ProcessExit>
  /** Resolves when nothing of its group is left and its last lines have been handed on. Never rejects. */
  readonly gone: Promise<void>
  /** To the whole group. Nothing happens when it is gone. */
  signal(signal: NodeJS.Signals): void
  /** Its last lines, at most 50, for failure reports: of stderr if it wrote any there, else of stdout. */
  tail(): readonly string[]
}

/** Every group that may still have a live member. */
const liveGroups = new Set<number>()

/**
 * Starts a process in a group and session of its own, with nothing on stdin. Supervisor thread.
 * When it ends by itself, what it left in its group gets SIGTERM, then SIGKILL.
 * @throws NAV_EXEC_FAILED with the command, the directory and the system's reason.
 */
export const startProcess = async (spec: ProcessSpec): Promise<RunningProcess> => {
  const child = await spawnChild(spec)
  const pid = child.pid!
  const startedAt = Date.now()
  const output = readOutput(child, spec)
  const left = new Promise<ProcessExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  // Looked at in the same turn as the exit: once the group is known to be empty its number may become a stranger's.
  const groupGone = left.then(() => outliveLeader(pid))
  const exited = left.then(async (exit) => {
    await output.drained(LAST_OUTPUT_MS)
    return exit
  })

  return {
    pid,
    startedAt,
    exited,
    gone: groupGone.then(() => output.drained(LAST_OUTPUT_MS)),
    signal: (signal) => signalLive(pid, signal),
    tail: output.tail,
    async [Symbol.asyncDispose]() {
      signalLive(pid, 'SIGKILL')
      await exited
      await groupGone
      output.close()
    },
  }
}

/** Kills every group started here that is not known to be gone. Synchronous: for `process.on('exit')`. */
export const killAllProcesses = (): void => {
  for (const pgid of liveGroups) signalGroup(pgid, 'SIGKILL')
}

/** Counts a group that a worker started among those. Supervisor thread. */
export const adoptGroup = (pgid: number): void => void liveGroups.add(pgid)

/** It is gone: from now on its number may be a stranger's. */
export const disownGroup = (pgid: number): void => void liveGroups.delete(pgid)

/** Kills an adopted group. */
export const killGroup = (pgid: number): void => signalLive(pgid, 'SIGKILL')

const signalLive = (pgid: number, signal: NodeJS.Signals): void => {
  if (liveGroups.has(pgid)) signalGroup(pgid, signal)
}

const outliveLeader = async (pgid: number): Promise<void> => {
  if (isGroupAlive(pgid)) await endGroup(pgid, STRAGGLER_GRACE_MS)
  if (await isGroupGone(pgid, 0)) liveGroups.delete(pgid)
}

/** The shell joins the group and becomes the program; a group that cannot be joined keeps nobody from starting. */
const JOIN = ['/bin/sh', '-c', 'echo $$ > "$0"; exec "$@"']

/** Joining takes the rights that navigator has: one that is started as somebody else already is put into the group. */
const enclose = ({ name, as, membersFile }: ProcessSpec): Disguise => {
  const { ids, prefix } = disguiseAs(name, as)
  return membersFile === undefined || ids.uid !== undefined ? { ids, prefix } : { ids, prefix: [...JOIN, membersFile, ...prefix] }
}

const spawnChild = async (spec: ProcessSpec): Promise<ChildProcess> => {
  const { ids, prefix } = enclose(spec)
  const [command, ...args] = [...prefix, ...spec.argv]
  if (!spec.argv[0]) throw execFailure(spec, new Error('the command is empty'))
  // What is started by another program is missed by that one: its error would be an exit like any other.
  if (prefix.length > 0) findProgram(spec)
  try {
    const child = spawn(command!, args, { cwd: spec.cwd, env: spec.env, ...ids, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid !== undefined) liveGroups.add(child.pid)
    if (child.pid !== undefined && ids.uid !== undefined && spec.membersFile) writeFileSync(spec.membersFile, String(child.pid))
    await new Promise((resolve, reject) => child.once('spawn', () => resolve(undefined)).once('error', reject))
    return child
  } catch (cause) {
    throw execFailure(spec, cause)
  }
}

type Output = { tail(): readonly string[]; drained(withinMs: number): Promise<void>; close(): void }

const readOutput = (child: ChildProcess, spec: ProcessSpec): Output => {
  const tails = { stdout: createTail(), stderr: createTail() }
  let isOpen = true
  const follow = (name: 'stdout' | 'stderr') =>
    readLines(child[name]!, (line) => {
      tails[name].push(line)
      if (isOpen) spec.onLine?.(name, line)
    })
  const readers = [follow('stdout'), follow('stderr')]

  return {
    tail: () => (tails.stderr.isEmpty() ? tails.stdout.lines() : tails.stderr.lines()),
    async drained(withinMs) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, withinMs)
      await Promise.race([Promise.all(readers.map((reader) => reader.drained())), promise])
      clearTimeout(timer)
    },
    close() {
      isOpen = false
      for (const reader of readers) reader.close()
    },
  }
}
