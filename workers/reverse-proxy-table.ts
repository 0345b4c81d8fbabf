/** Reverse-proxy rules compiled once per snapshot. */
import type { ReverseProxyConfig } from '../src/config/config.ts'

/** A rule that fits a path, and the groups its pattern caught; `groups[0]` is the part that matched. */
export type ReverseProxyMatch = { readonly rule: CompiledRule; readonly groups: readonly (string | undefined)[] }

export type ReverseProxyTable = { match(path: string): ReverseProxyMatch | undefined }

/** The parts of `target`, taken apart before anything of a request is put into them. */
export type TargetTemplate = {
  readonly protocol: 'http:' | 'https:'
  /** Host and port; may hold $1…$9. */
  readonly authority: string
  /** Path and query; may hold $1…$9. */
  readonly rest: string
  readonly hasGroups: boolean
}

export type CompiledRule = {
  readonly config: ReverseProxyConfig
  readonly pattern: RegExp | undefined
  readonly target: TargetTemplate | undefined
}

/** First match in the order of the file. Prefixes are looked up by their lengths; patterns are tried one by one. */
export const compileReverseProxies = (configs: readonly ReverseProxyConfig[]): ReverseProxyTable => {
  const rules = configs.map(compileRule)
  const prefixes = new Map<string, number>()
  const patterns: number[] = []
  rules.forEach((rule, index) => {
    if (rule.pattern !== undefined) patterns.push(index)
    else if (rule.config.prefix !== undefined && !prefixes.has(rule.config.prefix)) prefixes.set(rule.config.prefix, index)
  })
  const lengths = [...new Set([...prefixes.keys()].map((prefix) => prefix.length))]

  return {
    match(path) {
      if (rules.length === 0) return undefined
      const byPrefix = firstPrefix(path, lengths, prefixes)
      for (const index of patterns) {
        if (byPrefix !== undefined && index > byPrefix) break
        const groups = rules[index]!.pattern!.exec(path)
        if (groups !== null) return { rule: rules[index]!, groups }
      }
      return byPrefix === undefined ? undefined : { rule: rules[byPrefix]!, groups: [rules[byPrefix]!.config.prefix] }
    },
  }
}

const firstPrefix = (path: string, lengths: readonly number[], prefixes: ReadonlyMap<string, number>): number | undefined => {
  let first: number | undefined
  for (const length of lengths) {
    const index = prefixes.get(path.slice(0, length))
    if (index !== undefined && (first === undefined || index < first)) first = index
  }
  return first
}

const compileRule = (config: ReverseProxyConfig): CompiledRule => ({
  config,
  pattern: config.path === undefined ? undefined : new RegExp(config.path),
  target: parseTarget(config.target),
})

/**
 * `$n` at the very end of the authority begins the path (`http://localhost:4000$1`). Were it joined before the URL is taken
 * apart, a request for `/x@evil.example` could choose the host.
 */
const parseTarget = (target: string): TargetTemplate | undefined => {
  const parts = /^(https?|wss?):\/\/([^/?#]*?)((?:\$[1-9])*)(?=[/?#]|$)([^#]*)/i.exec(target)
  if (parts === null) return undefined
  const scheme = parts[1]!.toLowerCase()
  return {
    protocol: scheme === 'https' || scheme === 'wss' ? 'https:' : 'http:',
    authority: parts[2]!,
    rest: parts[3]! + parts[4]!,
    hasGroups: /\$[1-9]/.test(target),
  }
}
