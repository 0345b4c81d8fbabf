import { createActor } from 'xstate'
import type { HostTuning } from '../../machines/host.ts'
import type { Config } from '../config/config.ts'
import type { Recorder } from '../inspect/recorder.ts'
import { type HostSurroundings, liveHostMachine } from './actors/host.ts'
import { startHostWatch } from './host-watch.ts'

/** The machine we run on: put to sleep when nobody asks for anything. Supervisor thread. */
export type Host = {
  /** From now on quiet spells count. */
  start(): void
  /** A worker holds a request back. */
  requested(): void
  /** The configuration may have changed. */
  retune(): void
  /** Nothing is held back any more. */
  stop(): void
}

/** What it is made from. */
export type HostParts = Omit<HostSurroundings, 'isQuiet'> & { readonly recorder: Recorder }

export const createHost = (parts: HostParts): Host => {
  const { keeper, hooks, log, config } = parts
  const machine = liveHostMachine({ ...parts, isQuiet: () => watch?.isQuiet() ?? false })
  const actor = createActor(machine, { input: tuningOf(config()), inspect: parts.recorder.observe({ kind: 'host', name: 'host' }) })
  let watch: ReturnType<typeof startHostWatch> | undefined
  actor.subscribe({ error: (error) => log.error({ err: error }, 'host machine failed') })

  return {
    start() {
      actor.start()
      watch = startHostWatch({
        keeper,
        hooks: hooks.active,
        socketsHold: () => config().server.idle?.websockets === 'hold',
        tell: (event) => actor.send(event),
      })
    },
    requested() {
      if (!watch) return
      // A freeze is to be known before the request is: it is one waking, not two.
      watch.look()
      actor.send({ type: 'host.requested' })
    },
    retune() {
      if (watch) actor.send({ type: 'host.retuned', tuning: tuningOf(config()) })
    },
    stop() {
      watch?.[Symbol.dispose]()
      watch = undefined
      actor.stop()
    },
  }
}

const tuningOf = ({ server: { idle } }: Config): HostTuning => ({ action: idle?.action, idleTimeoutMs: idle?.timeout ?? 0 })
