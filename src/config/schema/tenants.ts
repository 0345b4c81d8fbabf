import * as z from 'zod'
import { translatePublicPath } from '../glob.ts'
import { realm, tenantMaintenance } from './access.ts'
import { tenantHooks } from './hooks.ts'
import {
  args,
  command,
  environment,
  framework,
  readiness,
  readyTimeout,
  startDelay,
  startupTimeout,
  stopTimeout,
  trackWebsockets,
} from './launch.ts'
import { botDetection } from './server-later.ts'
import {
  bool,
  duration,
  headerFields,
  hostAndPort,
  hostname,
  int,
  methods,
  name,
  prefix,
  readable,
  section,
  size,
  text,
  urlPath,
} from './values.ts'

/** Keys of tenants that no release has honoured, or not yet this one. */
const later = {
  public_dir: text.exactOptional().meta({
    description:
      'Directory of its own static files, relative to its root, served below its path before those of server.static. Default: static_dir of its framework, then applications.public_dir, then none.',
    examples: ['public'],
  }),
  hooks: tenantHooks.exactOptional().meta({ description: "Commands run at moments of this tenant's life, after those of hooks.tenant." }),
  memory_limit: size
    .exactOptional()
    .meta({ description: 'Memory it may use. Default: applications.pools.default_memory_limit.', examples: ['512M'] }),
  user: text
    .exactOptional()
    .meta({ description: 'System user to run as, which only root may say. Default: applications.pools.user.', examples: ['rails'] }),
  group: text.exactOptional().meta({
    description: 'System group to run as, which only root may say. Default: that of its own user, then applications.pools.group.',
    examples: ['rails'],
  }),
  bot_detection: botDetection
    .exactOptional()
    .meta({ description: 'What crawlers may do here; instead of server.bot_detection.', examples: ['ignore'] }),
  match_pattern: readable(translatePublicPath, {
    predicate: 'is not a path that can be matched',
    hint: 'close each [ with ], and write a character after each \\',
  })
    .exactOptional()
    .meta({
      description:
        'Paths that are its own besides those below path, and before those of other tenants: */cable is an ending, /*/cable a glob whose * stops at slashes, /live/ a beginning. Default: none.',
      examples: ['*/cable'],
    }),
  match_header: z.unknown().meta({ description: 'Request header that selects it.' }).optional(),
  standalone_server: hostAndPort.exactOptional().meta({
    description:
      'Host and port of a server that runs already: the tenant is no process of navigator but a reverse proxy, WebSockets included. Of its other keys name, path, match_pattern, rewrite_path, exclude_methods and headers count. Default: none.',
    examples: ['localhost:28080'],
  }),
  rewrite_path: urlPath
    .exactOptional()
    .meta({ description: 'The path that the standalone server is asked for. Default: that of the request.', examples: ['/cable'] }),
  force_max_concurrent_requests: int(0, 1_000_000)
    .exactOptional()
    .meta({ description: 'Requests in flight at once.', examples: ['0'] }),
  max_concurrent_requests: int(0, 1_000_000)
    .exactOptional()
    .meta({ description: 'Requests in flight at once.', examples: ['10'] }),
  special: bool.exactOptional().meta({ description: 'A mark of old configurations.' }),
  exclude_methods: methods
    .exactOptional()
    .meta({ description: 'Methods it does not get: they are answered 405. Default: none.', examples: [['POST']] }),
  min_instances: int(0, 1_000)
    .exactOptional()
    .meta({
      description:
        '1: it is started with navigator, never stopped for being idle, and started again after a crash. A tenant has one process, so more count as 1. Default: 0.',
      examples: ['1'],
    }),
  max_processes: int(1, 1_000)
    .exactOptional()
    .meta({ description: 'Processes at once.', examples: ['4'] }),
  headers: headerFields.exactOptional().meta({
    description: 'Headers that it gets with each request, in place of those of the client. Default: none.',
    examples: [{ 'X-Tenant': 'boston' }],
  }),
  database: z.unknown().meta({ description: 'A remark of old configurations.' }).optional(),
  port: int(1, 65_535)
    .exactOptional()
    .meta({ description: 'Its port, instead of one lent from the range.', examples: ['4100'] }),
}

/** Keys of one of `applications.tenants`. */
export const tenant = section({
  name: name
    .exactOptional()
    .meta({ description: 'Unique name; what logs and `navigator ps` say. Default: from its path or host.', examples: ['boston'] }),
  path: prefix.exactOptional().meta({
    description: 'URL prefix. Default: / for a tenant with a host or the only tenant, else /name/.',
    examples: ['/2025/boston/'],
  }),
  host: hostname.exactOptional().meta({ description: 'Only requests for this host. Default: any.', examples: ['boston.example.com'] }),
  root: text.exactOptional().meta({
    description:
      'Working directory, relative to where navigator was started. When tmp/restart.txt in it is touched, an awake tenant gets a new process, which takes over once it is ready. Default: app_directory of its framework, else where navigator was started.',
    examples: ['/apps/boston'],
  }),
  var: z
    .record(z.string(), text)
    .exactOptional()
    .meta({ description: 'Values for ${name} in env and other keys of this tenant. Default: none.', examples: [{ database: 'boston' }] }),
  env: environment.exactOptional().meta({
    description:
      'Environment of the app, over applications.env. ${name} is taken from var, then from the environment of navigator. A key without a value unsets the variable.',
    examples: [{ DATABASE_URL: 'sqlite3:db/${database}.sqlite3' }],
  }),
  framework: framework.exactOptional(),
  command,
  runtime: text
    .exactOptional()
    .meta({ description: 'Program that runs the server. Default: applications.runtime of its framework.', examples: ['ruby'] }),
  server: text
    .exactOptional()
    .meta({ description: 'First argument of the runtime. Default: applications.server of its framework.', examples: ['bin/rails'] }),
  args,
  health_check: readiness.exactOptional(),
  start_delay: startDelay,
  startup_timeout: startupTimeout,
  ready_timeout: readyTimeout,
  idle_timeout: duration
    .exactOptional()
    .meta({ description: 'How long it may stay idle before it is stopped. Default: applications.pools.timeout.', examples: ['20m'] }),
  stop_timeout: stopTimeout,
  track_websockets: trackWebsockets,
  maintenance: tenantMaintenance
    .exactOptional()
    .meta({ description: 'Maintenance of this tenant alone. Default: none.', examples: ['true'] }),
  auth_realm: realm.exactOptional().meta({
    description: 'What the browser says its password is for; `off`: none is asked for. Default: auth.realm.',
    examples: ['Boston'],
  }),
  auth_enabled: bool.exactOptional().meta({
    description: 'Whether its paths need a password. Default: yes if it has an htpasswd of its own, else as auth.enabled says.',
    examples: ['false'],
  }),
  htpasswd: text.exactOptional().meta({
    description: 'Its own password file, instead of auth.htpasswd; relative to where navigator was started.',
    examples: ['config/boston.htpasswd'],
  }),
  ...later,
})
