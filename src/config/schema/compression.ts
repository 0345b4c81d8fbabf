/** Keys of `server.compression`. */
import * as z from 'zod'
import { bool, orScalar, section, size, text } from './values.ts'

const TYPES = [
  'text/*',
  '*+json',
  '*+xml',
  'application/json',
  'application/javascript',
  'application/xml',
  'application/wasm',
  'font/ttf',
  'font/otf',
]

const mediaRange = text
  .transform((value) => value.toLowerCase())
  .refine((value) => /^[\w.+*-]+(\/[\w.+*-]+)?$/.test(value), {
    error: 'is not a media type',
    params: { hint: 'write application/json or text/*' },
  })

/** `compression: true`, or a mapping. */
export const compression = orScalar(
  'enabled',
  section({
    enabled: bool.prefault('true').meta({ description: 'Whether anything is compressed.' }),
    minimum_size: size.prefault('1K').meta({ description: 'Shorter answers are left as they are.', examples: ['4K'] }),
    types: z
      .array(mediaRange)
      .prefault(TYPES)
      .meta({
        description: 'Media types worth it; * stands for anything. Event streams never are.',
        examples: [['text/*', 'application/json']],
      }),
    with_credentials: bool.prefault('false').meta({
      description:
        'Whether answers to requests with a Cookie or Authorization are compressed too. The length of a compressed page that holds a secret and repeats a part of its request gives the secret away piece by piece (BREACH). Set it true where pages mask their secrets, as Rails does with its CSRF tokens.',
    }),
  }),
)
