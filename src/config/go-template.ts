/** Replacements of existing files, in the language of Go's `Regexp.Expand`, to one with a single way to say each thing. */

/** `template` has groups as `${name}` or `${1}` and dollars as `$$`. `unknown` are names no group has: they stand for nothing. */
export type GoTemplate = { readonly template: string; readonly unknown: readonly string[] }

/** In Go, `$1abc` is the group called "1abc", and what is no reference is plain text. */
const REFERENCE = /\$(?:(\$)|(\w+)|\{(\w+)\})|\$/g

/** `source` is the JavaScript source of the pattern whose groups are meant. */
export const translateTemplate = (text: string, source: string): GoTemplate => {
  const groups = groupsOf(source)
  const unknown: string[] = []
  const template = text.replace(REFERENCE, (_, dollar?: string, bare?: string, braced?: string) => {
    const name = bare ?? braced
    if (dollar !== undefined || name === undefined) return '$$'
    if (groups.has(name)) return `\${${name}}`
    unknown.push(name)
    return ''
  })
  return { template, unknown }
}

/** What to write for `$1abc` when group 1 and then `abc` was meant. */
export const meantGroup = (name: string): string => {
  const digits = /^\d+/.exec(name)?.[0]
  return digits === undefined || digits === name ? `a group called "${name}" in the pattern` : `\${${digits}}${name.slice(digits.length)}`
}

const groupsOf = (source: string): ReadonlySet<string> => {
  const match = new RegExp(`${source}|`).exec('')!
  return new Set([...Array.from(match, (_, index) => String(index)), ...Object.keys(match.groups ?? {})])
}
