/** Redirects and rewrites, compiled once per snapshot. */
import type { RedirectConfig, ReverseProxyConfig, RewriteConfig, RoutesConfig } from '../../src/config/config.ts'
import { type CompiledRule, compileProxy } from '../reverse-proxy-table.ts'
import { compilePattern, type PathPattern, parseTemplate, type Template } from './path-pattern.ts'
import { createPrefixIndex } from './prefix-index.ts'

/** The parts of `to`, taken apart before anything of a request is put into them. */
export type DestinationTemplate = {
  /** `https://` and the host, of a URL; otherwise absent. */
  readonly origin?: { readonly scheme: string; readonly authority: Template }
  readonly path: Template
  /** Without its question mark; absent when `to` has none. */
  readonly query?: Template
  /** With its hash. */
  readonly fragment: string
}

export type PathRule = {
  readonly pattern: PathPattern
  readonly methods: ReadonlySet<string> | undefined
  /** Absent: the path stays. */
  readonly to: DestinationTemplate | undefined
  readonly outcome: RuleOutcome
}

/** What becomes of a request whose path a rule fits. `rewritten` goes on to the next rules unless that was the last. */
export type RuleOutcome =
  | { readonly kind: 'redirect'; readonly status: number }
  | { readonly kind: 'rewritten'; readonly isLast: boolean }
  | { readonly kind: 'error'; readonly status: number }
  | { readonly kind: 'proxy'; readonly proxy: CompiledRule }
  | { readonly kind: 'replay'; readonly target: NonNullable<RewriteConfig['fly_replay']> }

export type RuleTable = {
  readonly isEmpty: boolean
  /** Numbers of the rules whose paths begin like this one. */
  candidates(path: string): readonly number[]
  /** The first rule from number `from` on that fits. `path` as rules see it. */
  find(
    path: string,
    method: string,
    from: number,
  ): { readonly rule: PathRule; readonly number: number; readonly match: RegExpExecArray } | undefined
}

/** Redirects first, then rewrites, in the order of the file. */
export const compileRules = ({ redirects = [], rewrites = [] }: Pick<RoutesConfig, 'redirects' | 'rewrites'>): RuleTable => {
  const rules = [...redirects.map(compileRedirect), ...rewrites.map(compileRewrite)]
  const index = createPrefixIndex(rules.map(({ pattern }) => pattern.head))
  return {
    isEmpty: rules.length === 0,
    candidates: index.candidates,
    find(path, method, from) {
      for (const number of index.candidates(path)) {
        const rule = rules[number]!
        if (number < from || rule.methods?.has(method) === false) continue
        const match = rule.pattern.regex.exec(path)
        if (match !== null) return { rule, number, match }
      }
      return undefined
    },
  }
}

const compileRedirect = ({ from, to, status, methods }: RedirectConfig): PathRule => ({
  pattern: compilePattern(from),
  methods: methods && new Set(methods),
  to: parseDestination(to),
  outcome: { kind: 'redirect', status },
})

const compileRewrite = (rule: RewriteConfig): PathRule => ({
  pattern: compilePattern(rule.from),
  methods: rule.methods && new Set(rule.methods),
  to: rule.to === undefined ? undefined : parseDestination(rule.to),
  outcome: outcomeOf(rule),
})

const outcomeOf = ({ redirect, status = 0, flag, proxy, fly_replay, from }: RewriteConfig): RuleOutcome => {
  if (status >= 400) return { kind: 'error', status }
  const isStated = status >= 300
  if (redirect || isStated || flag === 'redirect' || flag === 'permanent')
    return { kind: 'redirect', status: isStated ? status : flag === 'permanent' ? 301 : 302 }
  if (proxy !== undefined) return { kind: 'proxy', proxy: compileProxy(proxyOf(from, proxy)) }
  if (fly_replay !== undefined) return { kind: 'replay', target: fly_replay }
  return { kind: 'rewritten', isLast: flag === 'last' || flag === 'break' }
}

const proxyOf = (from: string, target: string): ReverseProxyConfig => ({
  name: from,
  target,
  strip_path: false,
  headers: {},
  response_headers: {},
  websocket: true,
})

const GROUP = '\\$\\{\\w+\\}'
/** Groups at the very end of the authority begin the path: a request for `/x@evil.example` must not choose the host. */
const URL_PARTS = new RegExp(`^(https?)://([^/?#]*?)((?:${GROUP})*(?:[/?#].*)?)$`, 'is')
const PATH_PARTS = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s

const parseDestination = (to: string): DestinationTemplate => {
  const url = URL_PARTS.exec(to)
  const [, path = '', query, fragment = ''] = PATH_PARTS.exec(url === null ? to : url[3]!)!
  return {
    ...(url && { origin: { scheme: url[1]!.toLowerCase(), authority: parseTemplate(url[2]!) } }),
    path: parseTemplate(path),
    ...(query !== undefined && { query: parseTemplate(query) }),
    fragment,
  }
}
