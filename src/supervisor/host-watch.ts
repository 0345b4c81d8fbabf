import type { HostEvent } from '../../machines/host.ts'
import type { HostKeeper } from '../protocol/activity.ts'

const TICK_MS = 1_000
/** A look that comes this much later than it should, or a wall clock that ran on this much further than the other, tells of a freeze. */
const FREEZE_MS = 5_000

/** Looks at what goes on on this machine, and at its clocks. Supervisor thread. */
export type HostWatch = Disposable & {
  /** Looks now. */
  look(): void
  /** Whether nothing is under way and nothing has begun since the last look. */
  isQuiet(): boolean
}

/** What it looks at, and whom it tells of changes. */
export type HostWatchParts = {
  readonly keeper: HostKeeper
  /** Whether open WebSockets count. */
  socketsHold(): boolean
  /** Lists of hooks that run and count. */
  hooks(): number
  tell(event: HostEvent): void
}

export const startHostWatch = ({ keeper, socketsHold, hooks, tell }: HostWatchParts): HostWatch => {
  let begun = keeper.read().begun
  let wasQuiet: boolean | undefined
  let clocks = readClocks()

  const isQuiet = (): boolean => {
    const now = keeper.read()
    return now.open === 0 && now.begun === begun && hooks() === 0 && !(socketsHold() && now.sockets > 0)
  }
  const lookAtClocks = () => {
    const now = readClocks()
    const late = now.steady - clocks.steady
    const jump = now.wall - clocks.wall - late
    clocks = now
    if (late > TICK_MS + FREEZE_MS || jump > FREEZE_MS) tell({ type: 'host.woke' })
  }
  const look = () => {
    lookAtClocks()
    const quiet = isQuiet()
    begun = keeper.read().begun
    if (quiet === wasQuiet) return
    wasQuiet = quiet
    tell({ type: quiet ? 'host.quiet' : 'host.busy' })
  }

  const timer = setInterval(look, TICK_MS)
  return { look, isQuiet, [Symbol.dispose]: () => clearInterval(timer) }
}

const readClocks = () => ({ wall: Date.now(), steady: performance.now() })
