/** Keys of `server` for CGI scripts and the idle machine. */
import { z } from 'zod'
import { bool, duration, orScalar, section, text, texts, urlPath } from './values.ts'

/** Keys of one of `server.cgi_scripts`. */
export const cgiScript = section({
  path: urlPath.meta({ description: 'URL path; compared exactly.', examples: ['/update'] }),
  script: text.meta({ description: 'The program.', examples: ['/usr/local/bin/update'] }),
  method: text.exactOptional().meta({ description: 'The only method it is for. Default: any.', examples: ['POST'] }),
  user: text.exactOptional().meta({ description: 'System user to run as. Default: that of navigator.', examples: ['root'] }),
  group: text.exactOptional().meta({ description: 'System group to run as. Default: that of the user.', examples: ['www'] }),
  allowed_users: texts.exactOptional().meta({ description: 'Authenticated users who may call it. Default: all.', examples: [['admin']] }),
  env: z.record(z.string(), text.nullable()).exactOptional().meta({ description: 'Environment added to the usual CGI variables.' }),
  reload_config: text
    .exactOptional()
    .meta({ description: 'Configuration file to load after it has succeeded, if that has changed.', examples: ['config/navigator.yml'] }),
  timeout: duration.exactOptional().meta({ description: 'How long it may run. Default: no limit.', examples: ['5m'] }),
})

/** Keys of `server.idle`. */
export const idle = section({
  action: z
    .enum(['suspend', 'stop'])
    .exactOptional()
    .meta({ description: 'What to do with the machine. Default: nothing.', examples: ['suspend'] }),
  timeout: duration.exactOptional().meta({ description: 'After how long without requests.', default: '10m', examples: ['20m'] }),
  check_interval: duration.exactOptional().meta({ description: 'How often to look; events made this needless.', examples: ['30s'] }),
  grace_period: duration.exactOptional().meta({ description: 'How long to wait after the decision.', examples: ['10s'] }),
})

/** `bot_detection`, of the server and of tenants. */
export const botDetection = orScalar(
  'action',
  section({
    enabled: bool.exactOptional().meta({ description: 'Whether crawlers are told apart from people.', examples: ['true'] }),
    action: z
      .enum(['reject', 'static-only', 'ignore'])
      .exactOptional()
      .meta({ description: 'What crawlers get: 403, static files only, or everything.', default: 'reject' }),
  }),
)
