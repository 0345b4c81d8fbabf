import * as z from 'zod'
import { bool, duration, int, name, section, text, texts } from './values.ts'

/** Keys of one of `managed_processes`. */
export const managedProcess = section({
  name: name.meta({ description: 'Unique name; what logs and `navigator ps` say.', examples: ['redis'] }),
  command: text.min(1).meta({ description: 'The program; no shell.', examples: ['redis-server'] }),
  args: texts.prefault([]).meta({ description: 'Its arguments.', examples: [['--port', '6379']] }),
  working_dir: text
    .prefault('.')
    .meta({ description: 'Working directory, relative to where navigator was started.', examples: ['/apps/worker'] }),
  env: z
    .record(z.string(), text.nullable())
    .prefault({})
    .meta({
      description: 'Added to the environment of navigator, from which ${NAME} is taken. A key without a value unsets the variable.',
      examples: [{ RAILS_ENV: 'production' }],
    }),
  auto_restart: bool.prefault('false').meta({ description: 'Whether it is started again after it has failed.', examples: ['true'] }),
  start_delay: duration.prefault('0').meta({ description: 'How long to wait before it is started.', examples: ['2s'] }),
  stop_timeout: duration.prefault('10s').meta({ description: 'Between the terminate signal and the kill signal.', examples: ['30s'] }),
  priority: int(-1_000, 1_000).exactOptional().meta({ description: 'A mark of old configurations; they start in the order of the file.' }),
  user: text.exactOptional().meta({
    description: 'System user to run as, with its groups, HOME, USER and LOGNAME, which only root may say. Default: that of navigator.',
    examples: ['redis'],
  }),
  group: text
    .exactOptional()
    .meta({ description: 'System group to run as, which only root may say. Default: that of the user.', examples: ['redis'] }),
  health_check: z.unknown().meta({ description: 'How to know that it is ready.' }).optional(),
})
