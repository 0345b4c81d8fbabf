import type { Exchange, HeaderList, Step, UpstreamTarget, Verdict } from '../exchange.ts'
import { forwardedProto } from '../forwarding.ts'
import { errorAnswer } from '../responses.ts'
import type { ReverseProxyMatch, TargetTemplate } from '../reverse-proxy-table.ts'

/** Sends what a reverse-proxy rule fits to that rule's target. The first rule in the file wins. */
export const matchReverseProxy: Step = (exchange) => {
  const match = exchange.routing.reverseProxies.match(exchange.path, exchange.method)
  if (match === undefined) return undefined
  const { response_headers } = match.rule.config
  if (exchange.method === 'OPTIONS' && Object.keys(response_headers).length > 0) return preflight(response_headers)
  return forwardTo(exchange, match)
}

/** Answered here: the target need not know who may call it. */
const preflight = (headers: Readonly<Record<string, string>>) =>
  ({ kind: 'respond', status: 200, headers: Object.entries(headers), body: '', responseType: 'proxy' }) as const

/** Sends a request to the first of a rule's targets, and if that cannot be reached to the next. */
export const forwardTo = (exchange: Exchange, match: ReverseProxyMatch): Verdict => {
  const { config, targets, health } = match.rule
  const [target, ...others] = health.order().flatMap((number) => {
    const resolved = resolveTarget(exchange, match, targets[number]!)
    return resolved === undefined
      ? []
      : [targets.length === 1 ? resolved : { ...resolved, watch: { taken: () => health.taken(), failed: () => health.failed(number) } }]
  })
  if (target === undefined)
    return errorAnswer(exchange, 502, { errorMessage: `reverse proxy ${config.name}: ${config.target} makes no URL for this path` })
  return { kind: 'upstream', rule: config, target, ...(others.length > 0 && { others }) }
}

const resolveTarget = (exchange: Exchange, match: ReverseProxyMatch, template: TargetTemplate): UpstreamTarget | undefined => {
  const authority = resolveAuthority(template, match)
  if (authority === undefined) return undefined
  return {
    protocol: template.protocol,
    ...authority,
    path: resolvePath(exchange, match, template),
    headers: requestHeaders(exchange, match),
  }
}

/** A group may put letters, digits, dots and dashes into the host's name, and nothing else. */
const resolveAuthority = ({ protocol, authority }: TargetTemplate, match: ReverseProxyMatch) => {
  const filled = fillGroups(authority, match)
  if (filled !== authority && !/^[a-z0-9.:-]+$/i.test(filled)) return undefined
  const parts = /^(?:[^@]*@)?(\[[0-9a-f:.]+\]|[^:@/\\]+)(?::(\d{1,5}))?$/i.exec(filled)
  if (parts === null) return undefined
  const isDefaultPort = parts[2] === undefined
  const port = isDefaultPort ? (protocol === 'https:' ? 443 : 80) : Number(parts[2])
  if (port > 65_535) return undefined
  return { hostname: parts[1]!.replace(/^\[|\]$/g, ''), port, host: isDefaultPort ? parts[1]! : `${parts[1]}:${port}` }
}

/** Path and query to ask for: see the table of cases in the reference of `strip_path`. */
const resolvePath = ({ path, query }: Exchange, match: ReverseProxyMatch, template: TargetTemplate): string => {
  const rest = fillGroups(template.rest, match)
  const queryAt = rest.indexOf('?')
  const base = queryAt === -1 ? rest : rest.slice(0, queryAt)
  const ownQuery = queryAt === -1 ? '' : rest.slice(queryAt + 1)
  return joinedPath(path, base, match, template.hasGroups) + joinedQuery(ownQuery, query)
}

const joinedPath = (path: string, base: string, match: ReverseProxyMatch, hasGroups: boolean): string => {
  if (hasGroups && base !== '') return base.startsWith('/') ? base : `/${base}`
  if (hasGroups || !match.rule.config.strip_path) return joinSlash(base, path)
  return joinSlash(base, stripped(path, match))
}

/** What `strip_path` leaves: the pattern's first group if it has one, else all but the part that matched. */
const stripped = (path: string, { rule, groups }: ReverseProxyMatch): string => {
  if (rule.pattern !== undefined && groups.length > 1) return groups[1] ?? ''
  if (rule.pattern === undefined) return path.slice(groups[0]!.length)
  return path.replace(rule.pattern, '')
}

const joinSlash = (base: string, path: string): string =>
  `${base.endsWith('/') ? base.slice(0, -1) : base}${path.startsWith('/') ? path : `/${path}`}`

const joinedQuery = (own: string, sent: string): string => {
  const asked = sent.slice(1)
  if (own === '') return sent
  return asked === '' ? `?${own}` : `?${own}&${asked}`
}

const fillGroups = (template: string, { groups }: ReverseProxyMatch): string =>
  template.includes('$') ? template.replace(/\$([1-9])/g, (_, digit: string) => groups[Number(digit)] ?? '') : template

const requestHeaders = (exchange: Exchange, { rule }: ReverseProxyMatch): HeaderList =>
  Object.entries(rule.config.headers).map(([name, value]) => [name.toLowerCase(), fillVariables(value, exchange)])

const fillVariables = (value: string, exchange: Exchange): string =>
  value.includes('$') ? value.replace(/\$(host|remote_addr|scheme)\b/g, (_, name: string) => variable(name, exchange)) : value

const variable = (name: string, { peer, header, routing }: Exchange): string => {
  const isTrusted = routing.trusts(peer)
  if (name === 'host') return header('host') ?? ''
  if (name === 'scheme') return forwardedProto(header('x-forwarded-proto'), isTrusted)
  if (!isTrusted) return peer
  return header('x-forwarded-for')?.split(',')[0]?.trim() || header('x-real-ip') || peer
}
