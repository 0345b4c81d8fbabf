/** The one of `allowed` that somebody who wrote `written` most likely meant, if any is near. */
export const nearest = (written: string, allowed: readonly string[]): string | undefined => {
  const limit = Math.max(1, Math.floor(written.length / 3))
  const ranked = allowed
    .map((name) => ({ name, distance: editDistance(written.toLowerCase().replaceAll('-', '_'), name) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0] && ranked[0].distance <= limit ? ranked[0].name : undefined
}

/** Insertions, deletions, replacements and swaps of neighbours. */
const editDistance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2]![j - 2]! + 1 : Infinity
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same, swapped))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
