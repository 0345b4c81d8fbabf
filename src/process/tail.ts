const LINES = 50
const LINE_CHARACTERS = 500

/** The last lines of a stream, for reports: bounded in number and in length. */
export type Tail = { push(line: string): void; lines(): readonly string[]; isEmpty(): boolean }

export const createTail = (): Tail => {
  const ring: string[] = []
  let next = 0

  return {
    push(line) {
      ring[next] = line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line
      next = (next + 1) % LINES
    },
    lines: () => (ring.length < LINES ? [...ring] : [...ring.slice(next), ...ring.slice(0, next)]),
    isEmpty: () => ring.length === 0,
  }
}
