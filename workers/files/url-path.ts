/** From the path of a request to the name of a file: the one place where a URL may become a path on disk. */

const LONGEST_NAME = 255
const LONGEST_PATH = 1_024
/** What no name may hold: control characters, NUL among them, and backslashes, which are separators elsewhere. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it refuses
const ODD = /[\x00-\x1f\x7f\\]/
const ENCODED_SEPARATOR = /%(?:2f|5c|00)/i
const WELL_KNOWN = '.well-known'

/**
 * The file name a request's path stands for: decoded once, with a slash first, below whatever directory it is put behind.
 * Undefined for all that could lead out of that directory or mean two things: dot segments however encoded, encoded slashes,
 * backslashes, NUL, empty segments, octets that are no UTF-8. Also for dot files, but for those of `/.well-known/`.
 */
export const fileNameOf = (path: string): string | undefined => {
  if (path.length > LONGEST_PATH || !path.startsWith('/')) return undefined
  const name = path.includes('%') ? decodeOnce(path) : path
  return name === undefined || ODD.test(name) || !areSegmentsPlain(name) ? undefined : name
}

/** `/a/app.js` → `js`; '' without one. As sent, not in lower case. */
export const extensionOf = (name: string): string => {
  const dot = name.lastIndexOf('.')
  return dot > name.lastIndexOf('/') ? name.slice(dot + 1) : ''
}

/** Whether it lies below `/.well-known/`, where files need no extension. */
export const isWellKnown = (name: string): boolean => name.startsWith(`/${WELL_KNOWN}/`)

const decodeOnce = (path: string): string | undefined => {
  if (ENCODED_SEPARATOR.test(path)) return undefined
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const areSegmentsPlain = (name: string): boolean => {
  let start = 1
  while (start < name.length) {
    const slash = name.indexOf('/', start)
    const end = slash === -1 ? name.length : slash
    if (end === start || end - start > LONGEST_NAME) return false
    if (name.charCodeAt(start) === 46 && !(start === 1 && name.slice(1, end) === WELL_KNOWN)) return false
    start = end + 1
  }
  return true
}
