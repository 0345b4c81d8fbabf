import * as z from 'zod'
import { duration, section, text, texts } from './values.ts'

const hook = section({
  command: text.min(1).meta({
    description: 'The program; without args, a whole line may stand here. It runs where navigator was started.',
    examples: ['/usr/local/bin/warm-cache'],
  }),
  args: texts.exactOptional().meta({
    description:
      'Its arguments. ${name} is taken from the environment of navigator, for hooks of tenants from var; any other is left as it is. Default: none.',
    examples: [['--all']],
  }),
  timeout: duration.exactOptional().meta({
    description:
      'How long it may run before it and all it started are ended, and it has failed. Default, and what 0 means: no limit for start and ready, 1m for idle, resume and stop.',
    examples: ['30s'],
  }),
  env: z
    .record(z.string(), text.nullable())
    .exactOptional()
    .meta({
      description: 'Environment added to that of navigator, and of the tenant for its hooks. A key without a value unsets the variable.',
      examples: [{ RAILS_ENV: 'production' }],
    }),
  reload_config: text.exactOptional().meta({
    description:
      'Configuration file to take up when all hooks of the list have succeeded, if it is another one than that in use, or has changed since it was loaded. Heeded in ready at the start, and in resume. A file with errors changes nothing.',
    examples: ['config/navigator.yml'],
  }),
})
const list = (when: string) =>
  z
    .array(hook)
    .exactOptional()
    .meta({ description: `Commands run ${when}, one after the other; one that fails ends the list. Default: none.` })

/** Keys of a tenant's `hooks`, and of `hooks.tenant` for all. */
export const tenantHooks = section({
  start: list(
    'when a process of a tenant has been started, before it is asked whether it is ready. A failure is logged and the start goes on',
  ),
  stop: list('before a tenant is stopped, when its requests have ended. A failure is logged and the stop goes on'),
})

/** Keys of `hooks`. */
export const hooks = section({
  server: section({
    start: list(
      'before connections are accepted, where a failure ends navigator with exit code 1, and at each reload before it takes effect',
    ),
    ready: list('once connections are accepted, beside them, and after each reload. A failure is logged'),
    idle: list('before the idle machine is suspended or stopped; a request calls that off. A failure is logged'),
    resume: list('at the first request after that, or when the machine goes on, while requests wait. A failure is logged'),
    stop: list('before navigator ends, when tenants have stopped and managed processes still run. A failure is logged'),
  })
    .exactOptional()
    .meta({ description: 'Moments in the life of navigator.' }),
  tenant: tenantHooks.exactOptional().meta({ description: 'Moments in the life of every tenant, before those of its own hooks.' }),
})
