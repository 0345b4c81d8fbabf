/** Reverse-proxy rules compiled once per snapshot. */
import type { ReverseProxyConfig } from '../src/config/config.ts'
import { compilePattern } from './rules/path-pattern.ts'
import { createPrefixIndex } from './rules/prefix-index.ts'
import { createTargetHealth, type TargetHealth } from './target-health.ts'

/** A rule that fits a path, and the groups its pattern caught; `groups[0]` is the part that matched. */
export type ReverseProxyMatch = { readonly rule: CompiledRule; readonly groups: readonly (string | undefined)[] }

export type ReverseProxyTable = {
  match(path: string, method: string): ReverseProxyMatch | undefined
  readonly rules: readonly CompiledRule[]
}

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
  readonly targets: readonly TargetTemplate[]
  readonly health: TargetHealth
}

/** First match in the order of the file. Only rules whose paths begin like this one are tried. */
export const compileReverseProxies = (configs: readonly ReverseProxyConfig[]): ReverseProxyTable => {
  const rules = configs.map(compileProxy)
  const index = createPrefixIndex(configs.map(({ path, prefix = '' }) => (path === undefined ? prefix : compilePattern(path).head)))
  return {
    rules,
    match(path, method) {
      for (const number of index.candidates(path)) {
        const rule = rules[number]!
        if (rule.config.exclude_methods?.includes(method)) continue
        const groups = rule.pattern === undefined ? [rule.config.prefix] : rule.pattern.exec(path)
        if (groups !== null) return { rule, groups }
      }
      return undefined
    },
  }
}

/** One rule by itself. */
export const compileProxy = (config: ReverseProxyConfig): CompiledRule => {
  const targets = (config.targets ?? [config.target]).flatMap((target) => parseTarget(target) ?? [])
  return {
    config,
    pattern: config.path === undefined ? undefined : new RegExp(config.path),
    targets,
    health: createTargetHealth(targets.length, { isProbed: config.health_check !== undefined }),
  }
}

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
