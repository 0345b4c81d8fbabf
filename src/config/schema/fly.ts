/** Keys of `routes.fly`: what needs Fly.io. */
import * as z from 'zod'
import { age, bool, duration, int, methods, pattern, readable, section, text, texts, urlPath } from './values.ts'

const regions = z.union([text.transform((value) => value.split(',').map((region) => region.trim())), texts])

const parseReplayTarget = (value: string): { app?: string; region?: string[]; machine?: string } | undefined => {
  const pairs = value.split(';').map((pair) => /^\s*(app|region|machine|instance)\s*=\s*"?([\w.,$-]+)"?\s*$/.exec(pair))
  if (pairs.includes(null)) return undefined
  const found = new Map(pairs.map((pair) => [pair![1] === 'instance' ? 'machine' : pair![1], pair![2]!]))
  const [app, region, machine] = ['app', 'region', 'machine'].map((key) => found.get(key))
  return { ...(app && { app }), ...(region && { region: region.split(',') }), ...(machine && { machine }) }
}

/** `region=iad`, `app=pdf;region=iad`, `machine=683d314fdd4d68`. */
export const replayTarget = readable(parseReplayTarget, {
  predicate: 'names no place to replay to',
  hint: 'write region=iad, app=smooth-pdf or machine=683d314fdd4d68; several are joined by ;',
})

const transform = section({
  path: urlPath.exactOptional().meta({ description: 'Path and query the target is asked for.', examples: ['/print?a=1'] }),
  delete_headers: texts.exactOptional().meta({ description: 'Request headers the target does not get.', examples: [['Cookie']] }),
  set_headers: z
    .record(z.string(), text)
    .exactOptional()
    .meta({ description: 'Request headers the target gets.', examples: [{ 'X-From': 'router' }] }),
})

const cache = section({
  prefix: text.exactOptional().meta({ description: 'Paths the decision is remembered for.', examples: ['/app/*'] }),
  ttl: duration
    .refine((value) => value >= 10_000, { error: 'is shorter than Fly remembers', params: { hint: 'write at least 10s' } })
    .exactOptional()
    .meta({ description: 'For how long; at least 10s.', examples: ['1m'] }),
  allow_bypass: bool.exactOptional().meta({ description: 'Whether a client may ask past it.', default: 'false' }),
  invalidate: bool.exactOptional().meta({ description: 'Whether what was remembered is forgotten.', default: 'false' }),
})

type Replay = { [key: string]: unknown }

const findReplayFault = (replay: Replay): readonly [message: string, hint: string] | undefined => {
  if (replay['machine'] !== undefined && replay['instance'] !== undefined) return ['has both machine and instance', 'keep machine']
  if (!['app', 'region', 'machine', 'instance', 'elsewhere'].some((key) => replay[key] !== undefined))
    return ['has no target', 'write region: iad, app: smooth-pdf or machine: 683d314fdd4d68']
  const uncacheable = ['timeout', 'fallback', 'state', 'transform', 'replacement'].find((key) => replay[key] !== undefined)
  if (replay['cache'] !== undefined && uncacheable !== undefined)
    return [`has both cache and ${uncacheable}, which Fly does not remember`, `leave out ${uncacheable}`]
  return undefined
}

const replay = section({
  path: pattern.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/pdf/'] }),
  app: text.exactOptional().meta({
    description: 'Fly app that answers; may have groups of path. Default: this one (FLY_APP_NAME).',
    examples: ['smooth-pdf', '$1'],
  }),
  region: regions.exactOptional().meta({
    description: 'Fly regions one of which answers, in order of preference. A request in the first of them is not replayed.',
    examples: ['iad', ['iad', 'ord', 'us']],
  }),
  machine: text.exactOptional().meta({ description: 'Fly machine that answers; may have groups of path.', examples: ['683d314fdd4d68'] }),
  instance: text.exactOptional().meta({ description: 'The same as machine.', examples: ['$1'] }),
  mode: z
    .enum(['force', 'prefer'])
    .prefault('force')
    .meta({
      description:
        '`force` has the target answer or nobody, `prefer` any machine when the target cannot; navigator there shows the maintenance page.',
      examples: ['prefer'],
    }),
  status: int(200, 599)
    .prefault('307')
    .meta({ description: 'Status of the answer to Fly.', examples: ['307'] }),
  methods: methods.exactOptional().meta({ description: 'Methods this is for. Default: all.', examples: [['GET']] }),
  replacement: text.exactOptional().meta({ description: 'Path the target is asked for, with groups of path.', examples: ['/$2'] }),
  flag: text.exactOptional().meta({ description: 'nginx-like flag of 0.11; a replay always is the last step.', examples: ['last'] }),
  timeout: duration.exactOptional().meta({
    description: 'How long Fly tries to reach the target. Default: 30s for this app, otherwise what Fly does.',
    examples: ['10s'],
  }),
  fallback: z
    .enum(['force_self', 'prefer_self', 'none'])
    .exactOptional()
    .meta({
      description:
        'Who shows the maintenance page when the target cannot be reached: this machine, or any of this app. Default: force_self for this app, otherwise none.',
      examples: ['prefer_self'],
    }),
  state: text.exactOptional().meta({
    description: "Text for the target, in its fly-replay-src header. Navigator's signature follows it after a dot.",
    examples: ['router'],
  }),
  elsewhere: bool.exactOptional().meta({ description: 'Whether any machine but this one answers.', default: 'false' }),
  transform: transform.exactOptional().meta({ description: 'What is changed about the request. Default: nothing.' }),
  cache: cache.exactOptional().meta({ description: 'Whether Fly remembers the decision. Then it cannot fall back. Default: no.' }),
}).check(({ value, issues }) => {
  const fault = findReplayFault(value)
  if (fault) issues.push({ code: 'custom', message: fault[0], input: value, params: { hint: fault[1] } })
})

const cookieName = readable((value) => (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value) ? value : undefined), {
  predicate: 'is not a name for a cookie',
  hint: 'write letters, digits, - and _',
})
const cookiePath = readable((value) => (/^\/[^\s;,\\"]*$/.test(value) ? value : undefined), {
  predicate: 'is not a path for a cookie',
  hint: 'begin it with a slash: /',
})
const SAME_SITE = ['Strict', 'Lax', 'None'] as const
const sameSite = readable((value) => SAME_SITE.find((known) => known.toLowerCase() === value.toLowerCase()), {
  predicate: 'is none of Strict, Lax and None',
  hint: 'write Lax',
})

const stickySessions = section({
  enabled: bool.prefault('false').meta({ description: 'Whether a browser is kept at one machine.', examples: ['true'] }),
  cookie_name: cookieName.prefault('_navigator_machine').meta({ description: 'Name of the cookie.', examples: ['machine'] }),
  cookie_max_age: age.prefault('24h').meta({ description: 'How long the cookie lasts.', examples: ['1h'] }),
  cookie_secure: bool.exactOptional().meta({
    description: 'Whether it is sent over HTTPS only. Default: if the request came over HTTPS.',
    examples: ['true'],
  }),
  cookie_httponly: bool.prefault('true').meta({ description: 'Whether scripts cannot read it.', examples: ['true'] }),
  cookie_samesite: sameSite.prefault('Lax').meta({ description: 'Strict, Lax or None; None is always Secure.', examples: ['Strict'] }),
  cookie_path: cookiePath.prefault('/').meta({ description: 'Path of the cookie.', examples: ['/app/'] }),
  paths: texts.exactOptional().meta({
    description: 'Paths this is for: globs, where `/x/*` at the end stands for all below. Default: all.',
    examples: [['/app/*']],
  }),
  on_unavailable: z
    .enum(['maintenance', 'reassign'])
    .prefault('maintenance')
    .meta({
      description:
        'When the machine is gone: `maintenance` shows the maintenance page and makes this machine the new one from the next request on, `reassign` answers at once.',
      examples: ['reassign'],
    }),
})

const DNS_SERVER = /^(?:\[[0-9a-f:.]+\]|[0-9.]+|[0-9a-f:]+)(?::\d{1,5})?$/i

/** Keys of `routes.fly`. */
export const fly = section({
  replay: z
    .array(replay)
    .prefault([])
    .meta({ description: 'Paths that another machine, region or app answers. The first that fits wins.' }),
  sticky_sessions: stickySessions.exactOptional().meta({ description: 'Browsers kept at one machine by a cookie.' }),
  internal_port: int(1, 65_535)
    .exactOptional()
    .meta({
      description:
        'Port of navigator on other machines, for what cannot be replayed: bodies from 1 MB on or of unknown length, and upgrades. They go to `<region>.<app>.internal` and the like. Default: that of server.listen.',
      examples: ['3000'],
    }),
  dns: readable((value) => (DNS_SERVER.test(value) ? value : undefined), {
    predicate: 'is not the address of a DNS server',
    hint: 'write [fdaa::3]:53',
  })
    .exactOptional()
    .meta({ description: 'DNS server that knows .internal names. Default: what the system asks.', examples: ['[fdaa::3]:53'] }),
  secret: text.exactOptional().meta({
    description:
      'Signs what navigators tell each other through Fly. The same on all machines. Default: made of FLY_APP_NAME and FLY_IMAGE_REF; set it if strangers know the name of the image.',
    examples: ['${SECRET_KEY_BASE}'],
  }),
})
