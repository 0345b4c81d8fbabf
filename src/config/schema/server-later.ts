/** Keys of `server` for static files, CGI scripts and the idle machine. */
import { z } from 'zod'
import { age, bool, duration, orScalar, section, text, texts, urlPath } from './values.ts'

const cacheOverride = section({
  path: text.meta({ description: 'URL prefix this is for; the longest that fits wins.', examples: ['/assets/'] }),
  max_age: age.exactOptional().meta({ description: 'How long a browser may keep the file. Default: no header.', examples: ['24h', '1y'] }),
  immutable: bool.exactOptional().meta({ description: 'Whether to say the file never changes.', default: 'false' }),
})

const cacheControl = section({
  default: age.exactOptional().meta({ description: 'How long a browser may keep a file. Default: no header.', examples: ['1h'] }),
  default_immutable: bool.exactOptional().meta({ description: 'Whether to say that files never change.', default: 'false' }),
  overrides: z.array(cacheOverride).exactOptional().meta({ description: 'Other ages for some prefixes. Default: none.' }),
})

const staticDirectory = section({
  path: text.meta({ description: 'URL prefix.', examples: ['/assets/'] }),
  dir: text.exactOptional().meta({ description: 'Directory, relative to public_dir.', examples: ['assets/'] }),
  root: text.exactOptional().meta({ description: 'The same as dir.', examples: ['assets/'] }),
  prefix: text.exactOptional().meta({ description: 'The same as dir.', examples: ['assets/'] }),
  cache: age.exactOptional().meta({ description: 'How long a browser may keep its files.', examples: ['24h'] }),
})

/** Keys of `server.static`. */
export const staticFiles = section({
  public_dir: text.exactOptional().meta({ description: 'Directory of files, relative to where navigator was started.', default: 'public' }),
  allowed_extensions: texts
    .exactOptional()
    .meta({ description: 'Extensions that may be served, without a dot. Default: all.', examples: [['html', 'css']] }),
  try_files: texts
    .exactOptional()
    .meta({ description: 'Endings tried after a path without extension. Default: none.', examples: [['index.html', '.html']] }),
  normalize_trailing_slashes: bool.exactOptional().meta({
    description: 'Whether /a is redirected to /a/ where that is a directory with an index.html.',
    default: 'false',
  }),
  cache_control: cacheControl.exactOptional().meta({ description: 'Cache-Control of files.' }),
  directories: z.array(staticDirectory).exactOptional().meta({ description: 'Other directories for some prefixes. Default: none.' }),
  fallback: text.exactOptional().meta({ description: 'File served when no ending fits. Default: none.', examples: ['503.html'] }),
  paths: texts.exactOptional().meta({ description: 'URL patterns served from files. Default: all.', examples: [['/assets/*']] }),
  headers: z
    .record(z.string(), text)
    .exactOptional()
    .meta({ description: 'Headers of files.', examples: [{ cache_control: 'public, max-age=3600' }] }),
})

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
