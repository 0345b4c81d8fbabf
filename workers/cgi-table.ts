/** CGI scripts by their path, compiled once per snapshot. */
import type { CgiScriptConfig } from '../src/config/config.ts'

export type CgiTable = {
  /** The first script in the file for this path, as sent, and method. */
  match(path: string, method: string): CgiScriptConfig | undefined
}

/** A path may have several scripts, each for a method of its own. One for GET answers HEAD too. */
export const compileCgiScripts = (configs: readonly CgiScriptConfig[]): CgiTable => {
  const byPath = Map.groupBy(configs, ({ path }) => path)
  return {
    match(path, method) {
      if (byPath.size === 0) return undefined
      return byPath.get(decoded(path))?.find((script) => takes(script, method))
    },
  }
}

const takes = ({ method }: CgiScriptConfig, asked: string): boolean =>
  method === undefined || method === asked || (method === 'GET' && asked === 'HEAD')

/** What cannot be decoded is compared as sent. */
const decoded = (path: string): string => {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
