import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { descendantsOf, isAlive } from './measure.ts'

const stopLimitMs = 15_000

/** One process of the benchmark. */
export type CrewMember = {
  readonly pid: number
  /** What was run, as one would type it. */
  readonly command: string
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** SIGTERM, then SIGKILL for it and whatever it had started. Resolves when nothing of it is left. */
  stop(): Promise<void>
}

/** What to run and where its output goes. */
export type Errand = {
  readonly program: string
  readonly args: readonly string[]
  readonly directory: string
  /** File that takes standard output and standard error. */
  readonly output: string
  readonly env?: Readonly<Record<string, string>>
}

/** All processes of one run of the benchmark, so that none outlives it. */
export type Crew = {
  /** @throws when the program cannot be executed. */
  start(errand: Errand): CrewMember
  /** Resolves when nothing the crew has started is left. */
  stopAll(): Promise<void>
}

/** Makes an empty crew. */
export const createCrew = (): Crew => {
  const members = new Set<CrewMember>()
  return {
    start(errand) {
      const member = launch(errand)
      members.add(member)
      void member.ended.then(() => members.delete(member))
      return member
    },
    async stopAll() {
      await Promise.all([...members].map((member) => member.stop()))
    },
  }
}

const launch = ({ program, args, directory, output, env }: Errand): CrewMember => {
  const file = openSync(output, 'a')
  // Its own process group: ^C reaches only the benchmark, which then ends everybody in order.
  const child = spawn(program, args, { cwd: directory, detached: true, stdio: ['ignore', file, file], env: { ...process.env, ...env } })
  closeSync(file)
  // The reason follows as an event; without a pid the throw below says what matters.
  child.once('error', () => {})
  if (child.pid === undefined) throw new Error(`${program} cannot be executed; is it installed?`)
  const pid = child.pid
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return { pid, command: [program, ...args].join(' '), ended, stop: () => end(child, pid, ended) }
}

const end = async (child: ChildProcess, pid: number, ended: Promise<void>): Promise<void> => {
  const family = descendantsOf(pid)
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
  await ended
  clearTimeout(timer)
  for (const orphan of family.filter(isAlive)) kill(orphan)
}

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the look and the signal.
  }
}
