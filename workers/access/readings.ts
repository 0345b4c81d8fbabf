/** A path as those behind us may read it: who guards a path must agree with whoever serves it. */

const UNUSUAL = /[%\\;]|\/[./]/
/** An encoded slash, backslash, `?` or `#`, and any of these or a dot encoded twice: read differently from server to server. */
const AMBIGUOUS = /%(?:2f|5c|3f|23|25(?:2e|2f|5c))/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it refuses
const ODD = /[\x00-\x1f\x7f\\]/

/**
 * The readings of a path as it was sent: decoded; and, where that differs, also with dot segments resolved, empty segments and
 * `;parameters` gone. Undefined for a path that can't be decoded or that servers are known to disagree about. The usual path is
 * its own only reading.
 */
export const readingsOf = (path: string): readonly string[] | undefined => {
  if (!UNUSUAL.test(path)) return [path]
  if (AMBIGUOUS.test(path)) return undefined
  const decoded = decodeOnce(path)
  if (decoded === undefined || ODD.test(decoded)) return undefined
  const resolved = resolveSegments(decoded)
  return resolved === decoded ? [decoded] : [decoded, resolved]
}

const decodeOnce = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const resolveSegments = (path: string): string => {
  const segments = path.split('/').map((segment) => segment.split(';', 1)[0]!)
  const kept: string[] = []
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const last = segments.at(-1)
  const isDirectory = last === '' || last === '.' || last === '..'
  return `/${kept.join('/')}${isDirectory && kept.length > 0 ? '/' : ''}`
}
