import { NavigatorError } from '../errors.ts'

/** Whether a name is meant by one of these patterns: `*` stands for any characters, slashes too, `?` for one. No pattern means all. */
export const nameMatcher = (patterns: readonly string[]): ((name: string) => boolean) => {
  if (patterns.length === 0) return () => true
  const sources = patterns.map((pattern) =>
    pattern
      .replaceAll(/[\\^$.+()|[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  )
  const expression = new RegExp(`^(?:${sources.join('|')})$`, 's')
  return (name) => expression.test(name)
}

/**
 * The patterns of a request over the control socket.
 * @throws NAV_CONTROL_FAILED when they are no list of texts.
 */
export const patternsOf = (names: unknown = []): readonly string[] => {
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  throw new NavigatorError('NAV_CONTROL_FAILED', 'names is not a list of texts')
}
