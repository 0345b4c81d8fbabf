import * as z from 'zod'
import { bool, section, text } from './values.ts'

/** Keys of `logging`. */
export const logging = section({
  format: z
    .enum(['text', 'json'])
    .prefault('text')
    .meta({ description: 'How lines of apps and of navigator itself are written.', examples: ['json'] }),
  file: text.exactOptional().meta({
    description: 'File for the lines of apps; {{app}} stands for the name. Default: standard output only.',
    examples: ['log/{{app}}.log'],
  }),
  vector: section({
    enabled: bool.exactOptional().meta({ description: 'Whether Vector is started and fed.', default: 'false' }),
    socket: text.exactOptional().meta({ description: 'Unix socket Vector listens on.', examples: ['/run/vector.sock'] }),
    config: text.exactOptional().meta({ description: "Vector's configuration file.", examples: ['config/vector.toml'] }),
  })
    .exactOptional()
    .meta({ description: 'Log lines to Vector.' }),
})
