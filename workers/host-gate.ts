/** Whether requests may go on at all: they are held while the machine is about to sleep, sleeps, or has just woken. */
import type { HostDoor } from '../src/protocol/activity.ts'
import type { WorkerMessage } from '../src/protocol/messages.ts'
import type { Exchange } from './exchange.ts'

/** How often the gate is looked at again, and the supervisor told again, while somebody is held. */
const LOOK_MS = 1_000

export type HostGateParts = {
  readonly door: HostDoor
  post(message: WorkerMessage): void
  /** The machine was frozen: what was connected before may not be. */
  renewed(): void
}

/** One per worker thread. */
export class HostGate {
  readonly #parts: HostGateParts
  readonly #held = new Set<() => void>()
  #epoch: number
  #ticker: NodeJS.Timeout | undefined

  constructor(parts: HostGateParts) {
    this.#parts = parts
    this.#epoch = parts.door.epoch()
  }

  get door(): HostDoor {
    return this.#parts.door
  }

  /** Counts a request in, or gives false: then `hold` it. */
  enter(): boolean {
    const epoch = this.#parts.door.enter()
    if (epoch < 0) return false
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#parts.renewed()
    }
    return true
  }

  /** Says that somebody waits, and calls back once the gate may be open, or never when `signal` is aborted first. */
  hold(tryAgain: () => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#held.add(tryAgain)
    signal.addEventListener('abort', () => this.#held.delete(tryAgain), { once: true })
    if (this.#ticker !== undefined) return
    this.#ticker = setInterval(() => this.#look(), LOOK_MS)
    // It may have opened since the caller looked.
    queueMicrotask(() => this.#look())
  }

  /** The supervisor says that the gate is open. */
  opened(): void {
    const held = [...this.#held]
    this.#held.clear()
    this.#rest()
    for (const tryAgain of held) tryAgain()
  }

  #look(): void {
    if (this.#held.size === 0) this.#rest()
    else if (this.#parts.door.epoch() >= 0) this.opened()
    else this.#parts.post({ type: 'host.requested' })
  }

  #rest(): void {
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }
}

/** One request's place among those that keep the machine awake. May be used for one request after the other. */
export class Presence {
  readonly #gate: HostGate
  #as: 'nobody' | 'request' | 'socket' = 'nobody'

  constructor(gate: HostGate) {
    this.#gate = gate
  }

  enter(): boolean {
    if (!this.#gate.enter()) return false
    this.#as = 'request'
    return true
  }

  /** An open WebSocket holds the machine only where the configuration says so. */
  becomeSocket(): void {
    if (this.#as !== 'request') return
    this.#gate.door.becomeSocket()
    this.#as = 'socket'
  }

  /** Harmless when repeated. */
  leave(): void {
    if (this.#as === 'request') this.#gate.door.leave()
    if (this.#as === 'socket') this.#gate.door.leaveSocket()
    this.#as = 'nobody'
  }
}

/** A load balancer's question is neither held nor counted: it would keep the machine awake for ever. */
export const isHealthCheck = ({ path, routing }: Exchange): boolean => path === routing.snapshot.server.health_check?.path
