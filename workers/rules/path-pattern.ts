/** The patterns and replacements of rules, as Go's `Regexp` means them: `ReplaceAllString`, on a path that is mostly decoded. */

/** `head` is what every path it fits begins with; '' when nothing is known of it. */
export type PathPattern = { readonly source: string; readonly regex: RegExp; readonly head: string }

/** Literal text and groups in turn. */
export type Template = readonly (string | { readonly group: string })[]

export const compilePattern = (source: string): PathPattern => ({ source, regex: new RegExp(source), head: literalHead(source) })

/** Reads a replacement as the configuration has it: groups as `${1}` or `${name}`, dollars as `$$`. */
export const parseTemplate = (text: string): Template =>
  text
    .split(/(\$\{\w+\}|\$\$)/)
    .filter((part) => part !== '')
    .map((part) => (part === '$$' ? '$' : part.startsWith('${') ? { group: part.slice(2, -1) } : part))

/** What a group caught, '' where it took no part. */
export const groupIn = (match: RegExpExecArray, group: string): string =>
  (/^\d/.test(group) ? match[Number(group)] : match.groups?.[group]) ?? ''

export const fillTemplate = (template: Template, match: RegExpExecArray, encode = (text: string): string => text): string =>
  template.map((part) => (typeof part === 'string' ? part : encode(groupIn(match, part.group)))).join('')

/** Each part that matches becomes what `make` makes of it. An empty match right behind another does not count. */
export const replaceAll = (path: string, { source }: PathPattern, make: (match: RegExpExecArray) => string): string => {
  let made = ''
  let end = 0
  for (const match of path.matchAll(new RegExp(source, 'g'))) {
    if (match[0] === '' && match.index === end && match.index > 0) continue
    made += path.slice(end, match.index) + make(match)
    end = match.index + match[0].length
  }
  return made + path.slice(end)
}

/**
 * A path as rules see it: letters, blanks and the like as themselves, but what would mean something else when decoded (`%2F`,
 * `%3F`, `%25`, control characters) as it was sent.
 */
export const readablePath = (path: string): string => (path.includes('%') ? path.replace(/(?:%[0-9a-f]{2})+/gi, readableRun) : path)

const readableRun = (run: string): string => {
  try {
    return [...decodeURIComponent(run)].map((character) => (isTelling(character) ? encodeURIComponent(character) : character)).join('')
  } catch {
    return run
  }
}

const isTelling = (character: string): boolean => character < ' ' || character === '\x7f' || '%/?#\\;&=+'.includes(character)

/** The way back: whatever may not stand in the path of a request line or a Location is encoded. */
export const encodePath = (path: string): string =>
  path
    .toWellFormed()
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+/g, encodeURIComponent)

/** A group's text as one value within a query. */
export const encodeQueryValue = (text: string): string =>
  text
    .toWellFormed()
    .replace(/%[0-9a-f]{2}|[^A-Za-z0-9\-._~!'()*,:@/]/giu, (found) =>
      found.length === 3 && found[0] === '%' ? found : encodeURIComponent(found),
    )

/** Exactly one slash in front: two would make a host of what follows. */
export const withOneSlash = (path: string): string => `/${path.replace(/^\/+/, '')}`

const LITERAL = /^(?:\\([^\w\s])|([^\\^$.*+?()[\]{}|]))/

const literalHead = (source: string): string => {
  if (!source.startsWith('^') || hasChoice(source)) return ''
  let head = ''
  let rest = source.slice(1)
  for (let found = LITERAL.exec(rest); found !== null; found = LITERAL.exec(rest)) {
    rest = rest.slice(found[0].length)
    if (/^[*?{]/.test(rest)) break
    head += found[1] ?? found[2]
    if (rest.startsWith('+')) break
  }
  return head
}

/** Whether there is a `|` outside all groups. One in a class counts too: then nothing is known, which is never wrong. */
const hasChoice = (source: string): boolean => {
  let depth = 0
  for (let i = 0; i < source.length; i++) {
    if (source[i] === '\\') i += 1
    else if (source[i] === '(') depth += 1
    else if (source[i] === ')') depth -= 1
    else if (source[i] === '|' && depth <= 0) return true
  }
  return false
}
