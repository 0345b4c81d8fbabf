import * as z from 'zod'
import { bool, section, text } from './values.ts'

/** Keys of `logging`. */
export const logging = section({
  format: z
    .enum(['text', 'json'])
    .prefault('text')
    .meta({ description: 'How lines of apps and of navigator itself are written.', examples: ['json'] }),
  file: text.exactOptional().meta({
    description:
      'File the lines of apps are written to besides, relative to where navigator was started; {{app}} stands for the name. SIGUSR1 and `navigator reopen` open it anew. Default: standard output only.',
    examples: ['log/{{app}}.log'],
  }),
  vector: section({
    enabled: bool.exactOptional().meta({
      description:
        'Whether Vector is started, before all else, and fed the lines of apps, of navigator itself and of the access log, as JSON.',
      default: 'false',
    }),
    socket: text.exactOptional().meta({
      description: 'Unix stream socket Vector listens on; one that was left there is removed before Vector is started.',
      examples: ['/run/vector.sock'],
    }),
    config: text
      .exactOptional()
      .meta({ description: "Vector's configuration file. Without it Vector is not started, only fed.", examples: ['config/vector.toml'] }),
  })
    .exactOptional()
    .meta({ description: 'Log lines to Vector.' }),
})
