import * as z from 'zod'
import { bool, duration, int, name, section, text, texts, urlPath } from './values.ts'

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
  health_check: section({
    port: int(1, 65_535).meta({ description: 'Port on 127.0.0.1 at which it takes connections once it is ready.', examples: ['6379'] }),
    path: urlPath
      .exactOptional()
      .meta({ description: 'URL path to ask for a status below 500 there. Default: a connection will do.', examples: ['/up'] }),
    timeout: duration
      .prefault('30s')
      .meta({ description: 'How long to wait, after which the start has failed and it is ended.', examples: ['2m'] }),
  })
    .exactOptional()
    .meta({
      description: 'How to know that it is ready, which those after it and the start of the server wait for. Default: it is, once it runs.',
      examples: [{ port: '6379' }],
    }),
  depends_on: texts.exactOptional().meta({
    description:
      'Managed processes that have to be ready, or to have ended with code 0, before this one is started for the first time. It is stopped before them. Default: none.',
    examples: [['redis']],
  }),
  restart_limit: int(0, 1_000_000)
    .exactOptional()
    .meta({
      description: 'How often in a row, without 30s of running in between, it is started again after a failure. Default: no limit.',
      examples: ['10'],
    }),
})
