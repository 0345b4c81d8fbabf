/** Which of many rules may fit a path, found by what each one's paths begin with, in the time of a look into a dictionary. */

/** Rules by their number, in order, whose head `path` begins with. Allocates nothing. */
export type PrefixIndex = { candidates(path: string): readonly number[] }

type Head = { readonly text: string; readonly own: number[]; parent: Head | undefined; all: readonly number[] }

/** `heads[i]` is that of rule i; '' begins every path. */
export const createPrefixIndex = (heads: readonly string[]): PrefixIndex => {
  const byText = new Map<string, Head>([['', { text: '', own: [], parent: undefined, all: [] }]])
  heads.forEach((text, rule) => {
    const head = byText.get(text) ?? { text, own: [], parent: undefined, all: [] }
    head.own.push(rule)
    byText.set(text, head)
  })
  const sorted = [...byText.values()].sort((a, b) => (a.text < b.text ? -1 : 1))
  sorted.forEach((head, position) => {
    head.parent = longestWithin(sorted[position - 1], head.text)
    head.all = [...(head.parent?.all ?? []), ...head.own].sort((a, b) => a - b)
  })
  return { candidates: (path) => longestWithin(lastUpTo(sorted, path), path)!.all }
}

/**
 * The longest head that `path` begins with, starting from the last one not behind it in the alphabet: all others that `path`
 * begins with are beginnings of that one too, so they are among its parents.
 */
const longestWithin = (from: Head | undefined, path: string): Head | undefined => {
  let head = from
  while (head !== undefined && !path.startsWith(head.text)) head = head.parent
  return head
}

const lastUpTo = (sorted: readonly Head[], path: string): Head => {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (sorted[middle]!.text <= path) low = middle
    else high = middle - 1
  }
  return sorted[low]!
}
