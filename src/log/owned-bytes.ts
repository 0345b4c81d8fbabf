/**
 * Memory of log lines that is given back as soon as they are written. The collector counts such a buffer as a small object and lets
 * tens of megabytes of them pile up before it looks.
 */

const owned = new WeakSet<ArrayBufferLike>()

/** Says that nobody else has a view of the buffer behind `bytes`. */
export const own = (bytes: Buffer): Buffer => {
  owned.add(bytes.buffer)
  return bytes
}

/** Gives the memory behind `bytes` back, which must not be used any more, if it was owned. */
export const release = (bytes: Buffer): void => {
  if (bytes.buffer instanceof ArrayBuffer && owned.delete(bytes.buffer)) bytes.buffer.transfer(0)
}
