/** A line that a child wrote, or navigator itself. */
export type RecentLine = {
  /** Counts up over all lines. */
  readonly number: number
  /** Epoch ms. */
  readonly at: number
  /** Name of the tenant, process or script; `navigator` for its own lines. */
  readonly source: string
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}

/** The last lines of each source, bounded: for `navigator logs`. Supervisor thread. */
export type RecentLines = {
  add(line: Omit<RecentLine, 'number'>): void
  /** The last `count` of the sources wanted, oldest first. */
  last(count: number, isWanted: (source: string) => boolean): readonly RecentLine[]
  /** Hears each line from now on, until what this gives is called. */
  follow(listener: (line: RecentLine) => void): () => void
}

const LINES_PER_SOURCE = 500
const CHARACTERS_PER_LINE = 4_000
const CHARACTERS_PER_SOURCE = 64 * 1024
const CHARACTERS = 32 * 1024 * 1024

/** `boundCharacters` is what all sources may hold together: past it, the one that has been quiet the longest is forgotten. */
export const createRecentLines = ({ boundCharacters = CHARACTERS }: { boundCharacters?: number } = {}): RecentLines => {
  // In the order of their last line: who writes goes to the end.
  const sources = new Map<string, Ring>()
  const listeners = new Set<(line: RecentLine) => void>()
  let number = 0
  let held = 0

  const forgetQuietest = () => {
    const [name, ring] = sources.entries().next().value!
    sources.delete(name)
    held -= ring.characters
  }

  return {
    add({ line, ...rest }) {
      const ring = sources.get(rest.source) ?? { lines: [], characters: 0 }
      sources.delete(rest.source)
      sources.set(rest.source, ring)
      const entry = { number: ++number, ...rest, line: line.length > CHARACTERS_PER_LINE ? `${line.slice(0, CHARACTERS_PER_LINE)}…` : line }
      held += push(ring, entry)
      while (held > boundCharacters && sources.size > 1) forgetQuietest()
      for (const listener of listeners) listener(entry)
    },
    last(count, isWanted) {
      const wanted = [...sources].flatMap(([name, { lines }]) => (isWanted(name) ? lines.slice(-count) : []))
      return count === 0 ? [] : wanted.sort((a, b) => a.number - b.number).slice(-count)
    },
    follow(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

type Ring = { readonly lines: RecentLine[]; characters: number }

/** Gives by how many characters the ring has grown. */
const push = (ring: Ring, entry: RecentLine): number => {
  const before = ring.characters
  ring.lines.push(entry)
  ring.characters += entry.line.length
  while (ring.lines.length > LINES_PER_SOURCE || ring.characters > CHARACTERS_PER_SOURCE) ring.characters -= ring.lines.shift()!.line.length
  return ring.characters - before
}
