/**
 * What supervisor and workers share about the tenants that are awake: one gate per slot, and for each worker a row of counts.
 *
 *   gates   Int32[SLOTS]                     written by the supervisor only
 *   row w   Int32[SLOTS × 4]                 written by worker w only: inFlight, started, sockets, unused
 *
 * A slot is lent to one tenant *process* for its life. Its gate holds 0 while closed, else a ticket: the port in the low
 * 16 bits and a generation above. A worker goes in with the ticket its routing named, so a stale routing can neither reach
 * an old port nor another tenant that has since been lent the slot.
 *
 * Why nothing is lost when a tenant stops: a worker adds itself first, then looks at the gate; the supervisor closes the
 * gate first, then looks at the counts. Atomics are sequentially consistent, so one of them always sees the other.
 *
 * Behind them stands what they share about the machine as a whole: see activity.ts.
 */
import { activityBytes } from './activity.ts'

export const SLOTS = 16_384
const FIELDS = 4
const IN_FLIGHT = 0
const STARTED = 1
const SOCKETS = 2
const CLOSED = 0

/** Counts of one slot, all workers added up. `started` wraps at 2³²: take differences with `>>> 0`. */
export type TrafficReading = { readonly inFlight: number; readonly started: number; readonly sockets: number }

/** What a worker needs to go in: which slot, and the ticket its gate must show. */
export type Admission = { readonly slot: number; readonly ticket: number }

/** The loopback port a ticket leads to. */
export const portOf = (ticket: number): number => ticket & 0xffff

const gatesOf = (buffer: SharedArrayBuffer): Int32Array => new Int32Array(buffer, 0, SLOTS)
const rowOf = (buffer: SharedArrayBuffer, worker: number): Int32Array =>
  new Int32Array(buffer, SLOTS * 4 * (1 + worker * FIELDS), SLOTS * FIELDS)

/** Memory for `workers` rows. Pages that no tenant uses are never touched. Supervisor. */
export const allocateCounters = (workers: number): SharedArrayBuffer =>
  new SharedArrayBuffer(SLOTS * 4 * (1 + workers * FIELDS) + activityBytes(workers))

/** Supervisor thread: opens and closes gates, reads the counts. */
export type GateKeeper = {
  /** Opens the slot to a process on `port` and gives the ticket to publish. Each call makes a new generation. */
  open(slot: number, port: number): number
  /** After this, `inFlight` of the slot only falls. */
  close(slot: number): void
  /** Opens again with the ticket it had, for a stop that was called off. */
  reopen(slot: number, ticket: number): void
  read(slot: number): TrafficReading
  /** Forgets what a worker that died had in flight. Only once its thread is gone. */
  clearRow(worker: number): void
}

export const createGateKeeper = (buffer: SharedArrayBuffer, workers: number): GateKeeper => {
  const gates = gatesOf(buffer)
  const rows = Array.from({ length: workers }, (_, worker) => rowOf(buffer, worker))
  const generations = new Uint16Array(SLOTS)
  const sum = (index: number) => rows.reduce((total, row) => total + Atomics.load(row, index), 0)

  return {
    open(slot, port) {
      const generation = (generations[slot]! + 1) & 0x7fff
      generations[slot] = generation
      const ticket = (generation << 16) | port
      Atomics.store(gates, slot, ticket)
      return ticket
    },
    close: (slot) => void Atomics.store(gates, slot, CLOSED),
    reopen: (slot, ticket) => void Atomics.store(gates, slot, ticket),
    read: (slot) => ({
      inFlight: sum(slot * FIELDS + IN_FLIGHT),
      started: sum(slot * FIELDS + STARTED) >>> 0,
      sockets: sum(slot * FIELDS + SOCKETS),
    }),
    clearRow(worker) {
      const row = rows[worker]!
      for (let slot = 0; slot < SLOTS; slot++) {
        row[slot * FIELDS + IN_FLIGHT] = 0
        row[slot * FIELDS + SOCKETS] = 0
      }
    },
  }
}

/** Worker thread: takes and leaves places. Every `enter` that gave true is paired with exactly one `leave`. */
export type Turnstile = {
  /** Takes a place, or gives false while the gate is closed or shows another ticket. */
  enter(admission: Admission): boolean
  leave(slot: number): void
  /** A tunnelled WebSocket, counted besides its place in flight being left. */
  socketOpened(slot: number): void
  socketClosed(slot: number): void
}

export const createTurnstile = (buffer: SharedArrayBuffer, worker: number): Turnstile => {
  const gates = gatesOf(buffer)
  const row = rowOf(buffer, worker)

  return {
    enter({ slot, ticket }) {
      const cell = slot * FIELDS
      Atomics.add(row, cell + IN_FLIGHT, 1)
      // Add first, look second: the supervisor closes first and looks second.
      if (Atomics.load(gates, slot) !== ticket || ticket === CLOSED) {
        Atomics.sub(row, cell + IN_FLIGHT, 1)
        return false
      }
      Atomics.add(row, cell + STARTED, 1)
      return true
    },
    leave: (slot) => void Atomics.sub(row, slot * FIELDS + IN_FLIGHT, 1),
    socketOpened: (slot) => void Atomics.add(row, slot * FIELDS + SOCKETS, 1),
    socketClosed: (slot) => void Atomics.sub(row, slot * FIELDS + SOCKETS, 1),
  }
}
