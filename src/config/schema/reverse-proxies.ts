import * as z from 'zod'
import { bool, duration, headerFields, methods, orScalar, pattern, section, target, text, urlPath } from './values.ts'

const targetCheck = section({
  path: urlPath.meta({ description: 'Asked of each target; any status below 500 will do.', examples: ['/up'] }),
  interval: duration.prefault('10s').meta({ description: 'How often.', examples: ['5s'] }),
  timeout: duration.prefault('2s').meta({ description: 'How long an answer may take.', examples: ['1s'] }),
})

/** Keys of one of `routes.reverse_proxies`. */
export const reverseProxy = section({
  name: text.exactOptional().meta({ description: 'What logs call it. Default: its prefix or path.', examples: ['api'] }),
  path: pattern
    .exactOptional()
    .meta({ description: 'RE2 pattern of URL paths, not anchored. Wins over prefix.', examples: ['^/api/(.*)$'] }),
  prefix: text.exactOptional().meta({ description: 'Beginning of URL paths.', examples: ['/api/'] }),
  target: target.exactOptional().meta({
    description: 'Where to forward. $1…$9 are groups of path.',
    examples: ['http://localhost:4001', 'http://localhost:9001$1'],
  }),
  targets: z
    .array(target)
    .exactOptional()
    .meta({
      description:
        'Several targets in place of one, taken in turn. One that cannot be reached is left out for a while, and the next is asked.',
      examples: [['http://10.0.0.1:4001', 'http://10.0.0.2:4001']],
    }),
  health_check: orScalar('path', targetCheck)
    .exactOptional()
    .meta({
      description:
        'How several targets are looked after: one that fails is left out until it answers again. Default: only by the requests they get.',
      examples: ['/up'],
    }),
  strip_path: bool
    .prefault('false')
    .meta({ description: 'Whether the prefix, or what precedes the first group of path, is removed.', examples: ['true'] }),
  headers: headerFields.prefault({}).meta({
    description: 'Request headers to set. $remote_addr, $scheme and $host stand for the client.',
    examples: [{ 'X-Real-IP': '$remote_addr' }],
  }),
  response_headers: headerFields.prefault({}).meta({
    description: 'Response headers to set. With them, OPTIONS is answered at once.',
    examples: [{ 'Access-Control-Allow-Origin': '*' }],
  }),
  websocket: bool.prefault('false').meta({ description: 'Whether WebSocket upgrades are forwarded.', examples: ['true'] }),
  exclude_methods: methods.exactOptional().meta({ description: 'Methods this is not for. Default: none.', examples: [['POST']] }),
}).check(({ value, issues }) => {
  const fault = findFault(value)
  if (fault) issues.push({ code: 'custom', message: fault[0], input: value, params: { hint: fault[1] } })
})

type Rule = { path?: unknown; prefix?: unknown; target?: unknown; targets?: readonly unknown[]; health_check?: unknown }

const findFault = ({ path, prefix, target, targets, health_check }: Rule): readonly [message: string, hint: string] | undefined => {
  if (path === undefined && prefix === undefined) return ['has neither path nor prefix', 'write prefix: /api/']
  if (target === undefined && !targets?.length) return ['needs target', 'write target: http://localhost:4001']
  if (target !== undefined && targets !== undefined) return ['has both target and targets', 'keep targets']
  const isProbed = health_check !== undefined
  if (isProbed && (targets?.length ?? 0) < 2) return ['has health_check but only one target', 'write targets: with two or more']
  if (isProbed && targets!.some((one) => /^\w+:\/\/[^/?#]*\$\d[^/?#$]/.test(String(one))))
    return ['has health_check and a group in the host of a target', 'leave out health_check']
  return undefined
}
