/** Keys of `routes.redirects` and `routes.rewrites`. */
import * as z from 'zod'
import { replayTarget } from './fly.ts'
import { bool, int, methods, pattern, readable, section, target, text } from './values.ts'

const redirectStatus = readable(
  (value) => (/^30[12378]$/.test(value) ? Number(value) : undefined),
  { predicate: 'is no status of a redirect', hint: 'write 301, 302, 303, 307 or 308' },
  'integer',
)

/** One of `routes.redirects`. */
export const redirect = section({
  from: pattern.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/old/(.*)$'] }),
  to: text.meta({
    description:
      'Where to: a path or a URL. What the pattern matched is replaced by it; $1 and ${name} are groups. A query is joined with that of the request.',
    examples: ['/new/$1', 'https://new.example.com/$1'],
  }),
  status: redirectStatus.prefault('302').meta({ description: 'Status of the answer.', examples: ['301'] }),
  methods: methods.exactOptional().meta({ description: 'Methods this is for. Default: all.', examples: [['GET', 'HEAD']] }),
})

/** One of `routes.rewrites`. */
export const rewrite = section({
  from: pattern.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/assets/(.*)$'] }),
  to: text.exactOptional().meta({
    description: 'What the matched part becomes; $1 and ${name} are groups. Later rules see the new path. Default: it stays.',
    examples: ['/public/$1'],
  }),
  redirect: bool
    .exactOptional()
    .meta({ description: 'Whether the browser is told, as by a redirect. So it is with a status of 3xx.', default: 'false' }),
  status: int(200, 599)
    .exactOptional()
    .meta({
      description:
        'Status of the redirect. From 400 on, the request is answered with this error, 503 with the maintenance page. Default: 302 for a redirect.',
      examples: ['301'],
    }),
  flag: z
    .enum(['last', 'break', 'redirect', 'permanent'])
    .exactOptional()
    .meta({
      description:
        'What follows: `last` and `break` end the rewriting, `redirect` and `permanent` are redirects with 302 and 301. Default: later rules go on.',
      examples: ['last'],
    }),
  methods: methods.exactOptional().meta({ description: 'Methods this is for. Default: all.', examples: [['GET']] }),
  proxy: target
    .exactOptional()
    .meta({ description: 'Where to forward what matches; the new path is joined to it.', examples: ['http://localhost:4100'] }),
  fly_replay: replayTarget.exactOptional().meta({ description: 'Where on Fly.io to replay what matches.', examples: ['region=iad'] }),
}).check(({ value, issues }) => {
  const { to, status = 0, proxy, fly_replay } = value
  if (to !== undefined || proxy !== undefined || fly_replay !== undefined || status >= 400) return
  issues.push({ code: 'custom', message: 'says nothing of what becomes of a path', input: value, params: { hint: 'write to: /new/$1' } })
})
