import * as z from 'zod'
import {
  command,
  environment,
  framework,
  preset,
  readiness,
  readyTimeout,
  startDelay,
  startupTimeout,
  stopTimeout,
  trackWebsockets,
} from './launch.ts'
import { tenant } from './tenants.ts'
import { duration, int, perFramework, section, size, text, texts } from './values.ts'

const pools = section({
  max_size: int(1, 16_384)
    .exactOptional()
    .meta({
      description: 'Tenants that may be awake at once; the longest idle one is stopped for the next. Default: no limit.',
      examples: ['10'],
    }),
  timeout: duration
    .prefault('10m')
    .meta({ description: 'How long a tenant may stay idle before it is stopped; at most 24d.', examples: ['20m'] }),
  start_port: int(1, 65_535)
    .prefault('4000')
    .meta({ description: 'First port lent to apps.', examples: ['4000'] }),
  end_port: int(1, 65_535)
    .exactOptional()
    .meta({ description: 'Last port lent to apps. Default: 99 after start_port.', examples: ['4199'] }),
  start_concurrency: int(1, 1_000)
    .prefault('4')
    .meta({ description: 'Starts of tenants under way at once.', examples: ['2'] }),
  default_memory_limit: size.exactOptional().meta({
    description:
      'Memory an app and all it starts may take. Where control groups (cgroup v2, v1) can be written, the kernel ends an app that wants more; elsewhere it is looked at every 3 s and restarted, once its requests have ended. Default: no limit.',
    examples: ['768M'],
  }),
  user: text.exactOptional().meta({
    description:
      'System user apps run as, with its groups, HOME, USER and LOGNAME, which only root may say. It keeps groups besides its first where `setpriv` of util-linux is installed. Default: that of navigator.',
    examples: ['rails'],
  }),
  group: text
    .exactOptional()
    .meta({ description: 'System group apps run as, which only root may say. Default: that of the user.', examples: ['rails'] }),
})

const queue = section({
  max_size: int(0, 1_000_000)
    .prefault('1000')
    .meta({ description: 'Requests that may wait for one tenant, per worker. More get 503.', examples: ['100'] }),
  timeout: duration
    .prefault('60s')
    .meta({ description: 'How long an API client or a POST waits for a tenant before it gets 503.', examples: ['2m'] }),
})

/** Keys of `applications`. */
export const applications = section({
  pools: pools.prefault({}).meta({ description: 'How many tenants may be awake, for how long, on which ports.' }),
  queue: queue.prefault({}).meta({ description: 'Requests that wait for a tenant to be ready.' }),
  tenants: z.array(tenant).prefault([]).meta({ description: 'The apps: each is started by its first request.' }),
  env: environment.prefault({}).meta({
    description:
      "Environment of every tenant; the tenant's own wins. ${name} is taken from the tenant's var, then from the environment of navigator.",
    examples: [{ DATABASE_URL: 'sqlite3:db/${database}.sqlite3' }],
  }),
  framework: framework.exactOptional(),
  frameworks: z.record(z.string(), preset).prefault({}).meta({ description: 'How apps of a framework named by tenants are started.' }),
  command,
  runtime: perFramework(text)
    .prefault({})
    .meta({ description: 'Program that runs the server, for all or by framework.', examples: [{ rails: 'ruby' }, 'bundle'] }),
  server: perFramework(text)
    .prefault({})
    .meta({ description: 'First argument of the runtime, for all or by framework.', examples: [{ rails: 'bin/rails' }, 'exec'] }),
  args: perFramework(texts)
    .prefault({})
    .meta({ description: 'Arguments, for all or by framework.', examples: [{ rails: ['server', '-p', '${port}'] }] }),
  health_check: readiness.exactOptional(),
  start_delay: startDelay,
  startup_timeout: startupTimeout,
  ready_timeout: readyTimeout,
  stop_timeout: stopTimeout,
  track_websockets: trackWebsockets,
  public_dir: text
    .exactOptional()
    .meta({ description: 'Directory of static files of each tenant, relative to its root. Default: none.', examples: ['public'] }),
  standalone_servers: z.unknown().meta({ description: 'Servers that run already.' }).optional(),
})
