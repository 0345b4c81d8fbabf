/** Keys of `server` for CGI scripts and crawlers. */
import * as z from 'zod'
import { bool, duration, isBool, section, text, texts, urlPath } from './values.ts'

/** Keys of one of `server.cgi_scripts`. */
export const cgiScript = section({
  path: urlPath.meta({ description: 'URL path; compared exactly.', examples: ['/update'] }),
  script: text.min(1).meta({
    description:
      'The program, relative to where navigator was started; it runs in its own directory. One whose name begins with nph- writes the whole response itself.',
    examples: ['/usr/local/bin/update'],
  }),
  method: text.exactOptional().meta({
    description:
      'The only method it is for; GET includes HEAD. Other requests for the path go on to other scripts or routes. Default: any.',
    examples: ['POST'],
  }),
  user: text
    .exactOptional()
    .meta({ description: 'System user to run as, which only root may say. Default: that of navigator.', examples: ['root'] }),
  group: text
    .exactOptional()
    .meta({ description: 'System group to run as, which only root may say. Default: that of the user.', examples: ['www'] }),
  allowed_users: texts
    .exactOptional()
    .meta({ description: 'Users who may call it, once their password has been found right. Default: everybody.', examples: [['admin']] }),
  env: z
    .record(z.string(), text.nullable())
    .exactOptional()
    .meta({
      description:
        'Added to the environment of navigator, from which ${NAME} is taken; the usual CGI variables win over it. A key without a value unsets the variable. Default: nothing.',
      examples: [{ RAILS_ENV: 'production' }],
    }),
  reload_config: text.exactOptional().meta({
    description:
      'Configuration file to take up after it has ended with exit code 0, if that is not the one in use or has changed since that was loaded. Default: none.',
    examples: ['config/navigator.yml'],
  }),
  timeout: duration.exactOptional().meta({
    description: 'How long it may run; past it its process group is ended and a client that has no answer yet gets 504. Default: no limit.',
    examples: ['5m'],
  }),
})

/** `bot_detection`, of the server and of tenants: a mapping, an action alone, or whether it is on. */
export const botDetection = z
  .preprocess(
    (value) => (typeof value !== 'string' ? value : isBool(value) ? { enabled: value } : { action: value }),
    section({
      enabled: bool.prefault('true').meta({ description: 'Whether crawlers are told apart from people.', examples: ['false'] }),
      action: z
        .enum(['reject', 'static-only', 'awake-only', 'ignore'])
        .prefault('reject')
        .meta({
          description:
            'What a crawler gets that asks for a tenant. reject and static-only: 403, whether or not the tenant is awake. awake-only: the answer of a tenant that is awake, else 503. ignore: what people get. Files, redirects, scripts and reverse proxies are for crawlers too.',
          examples: ['awake-only'],
        }),
    }),
  )
  .meta({ shorthand: ['enabled', 'action'] })
