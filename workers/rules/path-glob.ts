/** Globs of paths as Go's `filepath.Match` knows them: `*` and `?` stop at a slash. But `/x/*` stands for all below `/x/`. */

/** Fits what any of the globs fits. `path` as rules see it. */
export const compileGlobs = (globs: readonly string[]): RegExp => new RegExp(`^(?:${globs.map(sourceOf).join('|') || '[^]*'})$`)

const sourceOf = (glob: string): string => (glob.endsWith('/*') ? `${literalOf(glob.slice(0, -1))}[^]*` : literalOf(glob))

const literalOf = (glob: string): string =>
  glob.replace(/\*+|\?|[\\^$.+()[\]{}|]/g, (found) => {
    if (found === '?') return '[^/]'
    if (found[0] === '*') return found.length > 1 ? '[^]*' : '[^/]*'
    return `\\${found}`
  })
