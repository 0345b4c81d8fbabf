/**
 * The source of the regular expression for a path of `public_paths`, whose four forms are told apart by where the first `*` and
 * the last slash stand: `*.css` an ending, `/assets/*` a glob, `/docs/` a beginning, anything else the very path. Undefined for
 * a glob whose `[` or `\` has no end.
 */
export const translatePublicPath = (path: string): string | undefined => {
  if (path.startsWith('*')) return `${literal(path.slice(1))}$`
  if (path.includes('*')) return translateGlob(path)
  return path.endsWith('/') ? `^${literal(path)}` : `^${literal(path)}$`
}

/** Go's filepath.Match: `*` and `?` stop at a slash, `[a-z]` and `[^a-z]` are sets, `\` takes the next character as it is. */
const translateGlob = (glob: string): string | undefined => {
  let source = '^'
  let index = 0
  while (index < glob.length) {
    const [part] = PART.exec(glob.slice(index)) ?? []
    if (part === undefined) return undefined
    source += translatePart(part)
    index += part.length
  }
  return `${source}$`
}

const PART = /^(?:\*|\?|\[\^?(?:\\.|[^\]\\])+\]|\\.|[^*?[\\])/su

const translatePart = (part: string): string => {
  if (part === '*') return '[^/]*'
  if (part === '?') return '[^/]'
  if (!part.startsWith('[')) return literal(part.startsWith('\\') ? part.slice(1) : part)
  const isNegated = part[1] === '^'
  const members = part.slice(isNegated ? 2 : 1, -1).replace(/\\(.)|[[\]^&~]/gsu, (member, escaped: string) => literal(escaped ?? member))
  return isNegated ? `[^${members}]` : `[${members}]`
}

/** A text as the source of a regular expression that fits it alone. */
export const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
