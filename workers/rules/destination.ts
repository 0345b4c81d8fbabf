/** Where a rule leads a path to. */
import { encodePath, encodeQueryValue, fillTemplate, type PathPattern, replaceAll, type Template, withOneSlash } from './path-pattern.ts'
import type { DestinationTemplate, PathRule } from './rule-table.ts'

export type Destination = {
  /** `https://host`, or '' for a path of this site. */
  readonly origin: string
  /** As rules see it, with exactly one slash in front. */
  readonly path: string
  /** Without a question mark, '' for none. */
  readonly query: string
  readonly fragment: string
}

/** Undefined when the request would put more than a name into the host. `path` as rules see it. */
export const destinationOf = ({ pattern, to }: PathRule, path: string, match: RegExpExecArray): Destination | undefined => {
  if (to === undefined) return { origin: '', path, query: '', fragment: '' }
  const query = to.query === undefined ? '' : fillTemplate(to.query, match, encodeQueryValue)
  const origin = to.origin === undefined ? '' : originOf(to.origin, match)
  if (origin === undefined) return undefined
  const made = origin === '' ? newPath(path, pattern, to.path) : fillTemplate(to.path, match) + path.slice(match.index + match[0].length)
  return { origin, path: withOneSlash(made), query, fragment: to.fragment }
}

/** The address of a destination, with the query that was sent (`?…` or '') behind its own. */
export const addressOf = ({ origin, path, query, fragment }: Destination, sent: string): string =>
  origin + encodePath(path) + joinQueries(query, sent) + fragment

/** `query` is without its question mark, `sent` with it. */
export const joinQueries = (query: string, sent: string): string => {
  if (query === '') return sent
  return sent.length > 1 ? `?${query}&${sent.slice(1)}` : `?${query}`
}

/** Without a slash in front it is relative to the directory of the path, as in a link. */
const newPath = (path: string, pattern: PathPattern, template: Template): string => {
  const made = replaceAll(path, pattern, (match) => fillTemplate(template, match))
  return made === '' || made.startsWith('/') ? made : path.slice(0, path.lastIndexOf('/') + 1) + made
}

const originOf = ({ scheme, authority }: NonNullable<DestinationTemplate['origin']>, match: RegExpExecArray): string | undefined => {
  const host = fillTemplate(authority, match)
  const isFixed = authority.length === 1 && typeof authority[0] === 'string'
  return isFixed || /^[a-z0-9.-]+(:\d{1,5})?$/i.test(host) ? `${scheme}://${host}` : undefined
}
