/** How an app is started and known to be ready: keys that stand at several levels of `applications`. */
import * as z from 'zod'
import { bool, duration, int, orScalar, section, text, texts, urlPath } from './values.ts'

/** Values of `env`; a key without a value unsets the variable. */
export const environment = z.record(z.string(), text.nullable())

const PORT_HINT = '{{port}}, ${port} and ${PORT} stand for the port lent to it.'
export const command = text
  .min(1)
  .exactOptional()
  .meta({ description: `The program that is the app; args are its arguments. ${PORT_HINT}`, examples: ['bundle'] })
export const args = texts.exactOptional().meta({ description: `Arguments. ${PORT_HINT}`, examples: [['exec', 'puma', '-p', '${port}']] })
export const startDelay = duration.exactOptional().meta({
  description: 'Has no effect: an app is asked from its start on whether it is ready.',
  examples: ['2s'],
})
export const startupTimeout = duration.exactOptional().meta({
  description: 'How long a browser waits for a start before it gets the maintenance page.',
  default: '5s',
  examples: ['30s'],
})
export const readyTimeout = duration
  .exactOptional()
  .meta({ description: 'How long a start may take before it has failed.', default: '60s', examples: ['3m'] })
export const stopTimeout = duration
  .exactOptional()
  .meta({ description: 'Between the terminate signal and the kill signal.', default: '10s', examples: ['30s'] })
export const trackWebsockets = bool
  .exactOptional()
  .meta({ description: 'Whether an open WebSocket keeps a tenant awake.', default: 'true', examples: ['false'] })

/** `health_check` of tenants and frameworks: a path, or a mapping with more. */
export const readiness = orScalar(
  'path',
  section({
    path: urlPath.exactOptional().meta({ description: 'URL path asked until it answers.', default: '/', examples: ['/up'] }),
    enabled: bool
      .exactOptional()
      .meta({ description: 'Whether to ask at all. If not, an app that takes connections is ready.', default: 'true' }),
    expected_status: int(100, 599)
      .exactOptional()
      .meta({ description: 'The only status that counts as ready. Default: any below 500.', examples: ['200'] }),
    initial_delay: duration.exactOptional().meta({ description: 'Wait before the first question. Default: none.', examples: ['2s'] }),
    interval: duration
      .exactOptional()
      .meta({ description: 'Wait between questions. Default: 10ms at first, at most 250ms.', examples: ['1s'] }),
    timeout: duration
      .exactOptional()
      .meta({ description: 'How long to go on asking, after which the start has failed. Default: ready_timeout.', examples: ['30s'] }),
  }),
).meta({ description: 'URL path asked until the app answers. Default: /.', examples: ['/up'] })

/** `framework`: a name, or a mapping that says how to start. */
export const framework = orScalar(
  'name',
  section({
    name: text.exactOptional().meta({ description: 'Name, for runtime, server, args and frameworks.', examples: ['rails'] }),
    command,
    args,
    app_directory: text
      .exactOptional()
      .meta({ description: 'Working directory of tenants without root. Default: where navigator was started.', examples: ['/rails'] }),
    port_env_var: text
      .exactOptional()
      .meta({ description: 'Environment variable that carries the port.', default: 'PORT', examples: ['HTTP_PORT'] }),
    start_delay: startDelay,
  }),
).meta({
  description: 'Framework of the app, by name or by how it is started. Default: found out from its directory.',
  examples: ['rails', { command: 'bin/rails', args: ['server', '-p', '${port}'] }],
})

/** One of `applications.frameworks`. */
export const preset = section({
  command,
  args,
  env: environment
    .exactOptional()
    .meta({ description: 'Environment of its apps; applications.env and the tenant win.', examples: [{ NODE_ENV: 'production' }] }),
  health_check: readiness.exactOptional(),
  start_delay: startDelay,
  startup_timeout: startupTimeout,
  static_dir: text
    .exactOptional()
    .meta({ description: 'Directory of static files, relative to the root of the tenant.', examples: ['static'] }),
})
