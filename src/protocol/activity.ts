/**
 * What supervisor and workers share about the machine as a whole, in the last bytes of the counters' memory: whether requests may
 * go on at all, and for each worker how many do.
 *
 *   row w   Int32[16]   written by worker w only: open, begun, sockets, unused
 *   gate    Int32[16]   written by the supervisor only: -1 while closed, else an epoch from 0
 *
 * The epoch grows whenever connections from before are not to be trusted: after the machine was frozen. As with tenants' gates, a
 * worker adds itself first, then looks at the gate; the supervisor closes the gate first, then looks at the counts.
 */
const BYTES = 64
const CELLS = BYTES / 4
const OPEN = 0
const BEGUN = 1
const SOCKETS = 2
const CLOSED = -1

/** All workers added up. `begun` wraps at 2³². `open` are requests under way, open sockets not among them. */
export type ActivityReading = { readonly open: number; readonly begun: number; readonly sockets: number }

/** How many bytes it takes. */
export const activityBytes = (workers: number): number => BYTES * (1 + workers)

const gateOf = (buffer: SharedArrayBuffer): Int32Array => new Int32Array(buffer, buffer.byteLength - BYTES, CELLS)
const rowOf = (buffer: SharedArrayBuffer, worker: number): Int32Array =>
  new Int32Array(buffer, buffer.byteLength - BYTES * (2 + worker), CELLS)

/** Supervisor thread. */
export type HostKeeper = {
  /** After this, `open` only falls. */
  close(): void
  open(): void
  /** Has workers drop idle connections to upstreams before the next request. */
  renew(): void
  read(): ActivityReading
  /** Forgets what a worker that died had open. Only once its thread is gone. */
  clearRow(worker: number): void
}

export const createHostKeeper = (buffer: SharedArrayBuffer, workers: number): HostKeeper => {
  const gate = gateOf(buffer)
  const rows = Array.from({ length: workers }, (_, worker) => rowOf(buffer, worker))
  const sum = (cell: number) => rows.reduce((total, row) => total + Atomics.load(row, cell), 0)
  let epoch = 0
  let isOpen = true
  const show = () => void Atomics.store(gate, 0, isOpen ? epoch : CLOSED)

  return {
    close() {
      isOpen = false
      show()
    },
    open() {
      isOpen = true
      show()
    },
    renew() {
      epoch = (epoch + 1) % 0x7fff_ffff
      show()
    },
    read: () => ({ open: sum(OPEN), begun: sum(BEGUN) >>> 0, sockets: sum(SOCKETS) }),
    clearRow(worker) {
      const row = rows[worker]!
      row[OPEN] = 0
      row[SOCKETS] = 0
    },
  }
}

/** Worker thread: each `enter` that gave an epoch is paired with one `leave`, or one `becomeSocket` and one `leaveSocket`. */
export type HostDoor = {
  /** Counts a request and gives the epoch, or gives -1 while the gate is closed. */
  enter(): number
  leave(): void
  becomeSocket(): void
  leaveSocket(): void
  /** The epoch shown now, or -1. */
  epoch(): number
}

export const createHostDoor = (buffer: SharedArrayBuffer, worker: number): HostDoor => {
  const gate = gateOf(buffer)
  const row = rowOf(buffer, worker)

  return {
    enter() {
      Atomics.add(row, OPEN, 1)
      // Add first, look second: the supervisor closes first and looks second.
      const epoch = Atomics.load(gate, 0)
      if (epoch === CLOSED) Atomics.sub(row, OPEN, 1)
      else Atomics.add(row, BEGUN, 1)
      return epoch
    },
    leave: () => void Atomics.sub(row, OPEN, 1),
    becomeSocket() {
      Atomics.add(row, SOCKETS, 1)
      Atomics.sub(row, OPEN, 1)
    },
    leaveSocket: () => void Atomics.sub(row, SOCKETS, 1),
    epoch: () => Atomics.load(gate, 0),
  }
}
