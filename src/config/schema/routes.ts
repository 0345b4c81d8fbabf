import { z } from 'zod'
import { bool, duration, int, pattern, section, target, text, texts } from './values.ts'

const reverseProxy = section({
  name: text.exactOptional().meta({ description: 'What logs call it. Default: its prefix or path.', examples: ['api'] }),
  path: pattern
    .exactOptional()
    .meta({ description: 'RE2 pattern of URL paths, not anchored. Wins over prefix.', examples: ['^/api/(.*)$'] }),
  prefix: text.exactOptional().meta({ description: 'Beginning of URL paths.', examples: ['/api/'] }),
  target: target.meta({
    description: 'Where to forward. $1…$9 are groups of path.',
    examples: ['http://localhost:4001', 'http://localhost:9001$1'],
  }),
  strip_path: bool
    .prefault('false')
    .meta({ description: 'Whether the prefix, or what precedes the first group of path, is removed.', examples: ['true'] }),
  headers: z
    .record(z.string(), text)
    .prefault({})
    .meta({
      description: 'Request headers to set. $remote_addr, $scheme and $host stand for the client.',
      examples: [{ 'X-Real-IP': '$remote_addr' }],
    }),
  response_headers: z
    .record(z.string(), text)
    .prefault({})
    .meta({
      description: 'Response headers to set. With them, OPTIONS is answered at once.',
      examples: [{ 'Access-Control-Allow-Origin': '*' }],
    }),
  websocket: bool.prefault('false').meta({ description: 'Whether WebSocket upgrades are forwarded.', examples: ['true'] }),
  exclude_methods: texts.exactOptional().meta({ description: 'Methods this is not for. Default: none.', examples: [['POST']] }),
}).check(({ value, issues }) => {
  if (value.path !== undefined || value.prefix !== undefined) return
  issues.push({ code: 'custom', message: 'has neither path nor prefix', input: value, params: { hint: 'write prefix: /api/' } })
})

const redirect = section({
  from: text.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/old/(.*)$'] }),
  to: text.meta({ description: 'Where to, with groups of from.', examples: ['/new/$1'] }),
  status: int(301, 308).exactOptional().meta({ description: 'Status of the answer.', default: '302' }),
})

const rewrite = section({
  from: text.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/assets/(.*)$'] }),
  to: text.exactOptional().meta({ description: 'What the matched part becomes.', examples: ['/public/$1'] }),
  redirect: bool.exactOptional().meta({ description: 'Whether the browser is told.', default: 'false' }),
  status: int(200, 599)
    .exactOptional()
    .meta({ description: 'Status of the answer.', examples: ['301'] }),
  flag: text.exactOptional().meta({ description: 'nginx-like flag of 0.11.', examples: ['last'] }),
  methods: texts.exactOptional().meta({ description: 'Methods this is for. Default: all.', examples: [['GET']] }),
  proxy: text.exactOptional().meta({ description: 'Where to forward what matches.', examples: ['http://localhost:4100'] }),
  fly_replay: text.exactOptional().meta({ description: 'Where to replay what matches.', examples: ['region=iad'] }),
})

const replay = section({
  path: text.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/pdf/'] }),
  app: text.exactOptional().meta({ description: 'Fly app that answers.', examples: ['smooth-pdf'] }),
  region: text.exactOptional().meta({ description: 'Fly region that answers.', examples: ['iad'] }),
  machine: text.exactOptional().meta({ description: 'Fly machine that answers; needs app.', examples: ['683d314fdd4d68'] }),
  instance: text.exactOptional().meta({ description: 'The same as machine.', examples: ['$1'] }),
  status: int(200, 599).exactOptional().meta({ description: 'Status of the answer.', default: '307' }),
  methods: texts.exactOptional().meta({ description: 'Methods this is for. Default: all.', examples: [['GET']] }),
  replacement: text.exactOptional().meta({ description: 'What the path becomes.', examples: ['$1'] }),
  flag: text.exactOptional().meta({ description: 'nginx-like flag of 0.11.', examples: ['last'] }),
})

const stickySessions = section({
  enabled: bool.exactOptional().meta({ description: 'Whether a browser is kept at one machine.', default: 'false' }),
  cookie_name: text.exactOptional().meta({ description: 'Name of the cookie.', default: '_navigator_machine' }),
  cookie_max_age: duration.exactOptional().meta({ description: 'How long the cookie lasts.', default: '24h' }),
  cookie_secure: bool.exactOptional().meta({ description: 'Whether it is sent over HTTPS only.' }),
  cookie_httponly: bool.exactOptional().meta({ description: 'Whether scripts cannot read it.', default: 'true' }),
  cookie_samesite: text.exactOptional().meta({ description: 'Strict, Lax or None.', default: 'Lax' }),
  cookie_path: text.exactOptional().meta({ description: 'Path of the cookie.', default: '/' }),
  paths: texts.exactOptional().meta({ description: 'Paths this is for, as globs. Default: all.', examples: [['/app/*']] }),
})

/** Keys of `routes`. */
export const routes = section({
  reverse_proxies: z.array(reverseProxy).prefault([]).meta({ description: 'Paths forwarded to other servers. The first that fits wins.' }),
  redirects: z.array(redirect).exactOptional().meta({ description: 'Paths a browser is sent away from. Default: none.' }),
  rewrites: z.array(rewrite).exactOptional().meta({ description: 'Paths that become others within navigator. Default: none.' }),
  fly: section({
    replay: z.array(replay).exactOptional().meta({ description: 'Paths that another machine, region or app answers. Default: none.' }),
    sticky_sessions: stickySessions.exactOptional().meta({ description: 'Browsers kept at one machine by a cookie.' }),
  })
    .exactOptional()
    .meta({ description: 'What needs Fly.io.' }),
})
