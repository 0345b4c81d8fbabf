import type { Bench } from '../bench.ts'
import type { CrewMember } from '../crew.ts'
import { commandLineOf, descendantsOf, isAlive } from '../measure.ts'

/** A proxy under measurement: running, warmed up, with the origin behind it. */
export type Peer = {
  readonly name: string
  readonly port: number
  /** As one would type it. */
  readonly command: string
  /** Text of its configuration, or of its program where that is all the configuration there is. */
  readonly configuration: string
  /** The processes whose CPU time and memory are its own: the whole tree without the apps behind it. */
  pids(): readonly number[]
  stop(): Promise<void>
}

/** What every proxy is started with. */
export type PeerTask = { readonly bench: Bench; readonly originPort: number }

/** The tree of a proxy's process without the apps it runs. */
export const ownProcessesOf = (member: CrewMember): readonly number[] =>
  [member.pid, ...descendantsOf(member.pid)].filter((pid) => isAlive(pid) && !commandLineOf(pid).includes('origin.ts'))
