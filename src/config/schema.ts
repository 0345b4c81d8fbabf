/**
 * Every key a file may have, after old spellings have been translated. The types of Config, the reference and the JSON
 * Schema are made from it, so each key says what it means, its default and an example.
 */
import * as z from 'zod'
import { auth, cable, maintenance } from './schema/access.ts'
import { applications } from './schema/applications.ts'
import { hooks } from './schema/hooks.ts'
import { logging } from './schema/logging.ts'
import { managedProcess } from './schema/processes.ts'
import { rateLimiting } from './schema/rate-limiting.ts'
import { routes } from './schema/routes.ts'
import { server } from './schema/server.ts'
import { section } from './schema/values.ts'

const future = (description: string) => z.unknown().meta({ description }).optional()

/** The whole file. */
export const fileSchema = section({
  server: server.prefault({}).meta({ description: 'Where and how connections are accepted.' }),
  applications: applications.prefault({}).meta({ description: 'The tenants and what they have in common.' }),
  managed_processes: z.array(managedProcess).prefault([]).meta({ description: 'Processes that run beside the tenants, started in order.' }),
  routes: routes.prefault({}).meta({ description: 'Paths that do not lead to a tenant.' }),
  maintenance: maintenance.prefault({}).meta({ description: 'The page shown instead of a tenant.' }),
  logging: logging.prefault({}).meta({ description: 'How and where lines are logged.' }),
  auth: auth.prefault({}).meta({ description: 'Who is asked for a password.' }),
  cable: cable.prefault({}).meta({
    description:
      'TurboCable sockets: browsers subscribe to streams, apps on this machine post what is to be sent. Without this section they are served too, but only where no redirect, rewrite, script, reverse proxy or tenant is for that very path, and not to clients that ask for a subprotocol, as those of Action Cable do.',
  }),
  hooks: hooks.exactOptional().meta({ description: 'Commands run at certain moments. Default: none.' }),
  routing: future('A/B tests.'),
  rate_limiting: rateLimiting.exactOptional().meta({ description: 'How much may be asked of navigator. Default: anything.' }),
  circuit_breaker: future('Upstreams left alone for a while after failures.'),
  observability: future('Metrics and traces.'),
})

export type File = z.output<typeof fileSchema>
export type FileApplications = File['applications']
export type FileTenant = FileApplications['tenants'][number]
