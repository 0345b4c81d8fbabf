import { z } from 'zod'
import { duration, section, text, texts } from './values.ts'

const hook = section({
  command: text.meta({ description: 'The program.', examples: ['/usr/local/bin/warm-cache'] }),
  args: texts.exactOptional().meta({ description: 'Its arguments. Default: none.', examples: [['--all']] }),
  timeout: duration.exactOptional().meta({ description: 'How long it may run. Default: no limit.', examples: ['30s'] }),
  env: z.record(z.string(), text.nullable()).exactOptional().meta({ description: 'Environment added to that of navigator.' }),
  reload_config: text
    .exactOptional()
    .meta({ description: 'Configuration file to load after it has succeeded, if that has changed.', examples: ['config/navigator.yml'] }),
})
const list = (when: string) =>
  z
    .array(hook)
    .exactOptional()
    .meta({ description: `Commands run ${when}, in order. Default: none.` })

/** Keys of a tenant's `hooks`, and of `hooks.tenant` for all. */
export const tenantHooks = section({ start: list('after a tenant has started'), stop: list('before a tenant stops') })

/** Keys of `hooks`. */
export const hooks = section({
  server: section({
    start: list('before connections are accepted'),
    ready: list('once connections are accepted'),
    idle: list('before the idle machine is suspended or stopped'),
    resume: list('at the first request after that'),
    stop: list('before navigator ends'),
  })
    .exactOptional()
    .meta({ description: 'Moments in the life of navigator.' }),
  tenant: tenantHooks.exactOptional().meta({ description: 'Moments in the life of every tenant.' }),
})
