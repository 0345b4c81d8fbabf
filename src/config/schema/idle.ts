/** Keys of `server.idle`: what becomes of the machine when nobody asks for anything. */
import * as z from 'zod'
import { duration, section, text } from './values.ts'

export const idle = section({
  action: z
    .enum(['suspend', 'stop'])
    .exactOptional()
    .meta({
      description:
        'What to do with the machine: on Fly.io by its API; elsewhere suspend sends SIGTSTP to navigator itself, and stop ends it with exit code 0. Default: nothing.',
      examples: ['suspend'],
    }),
  timeout: duration.prefault('10m').meta({
    description:
      'After how long without requests. Requests of every kind count from their first byte to their last, but not those for server.health_check.path.',
    examples: ['20m'],
  }),
  websockets: z
    .enum(['ignore', 'hold'])
    .prefault('ignore')
    .meta({
      description: 'Whether an open WebSocket keeps the machine from being suspended or stopped: ignore or hold.',
      examples: ['hold'],
    }),
  command: text
    .min(1)
    .exactOptional()
    .meta({
      description:
        'A command to run instead of the API or the signal; one line. When it fails it is tried again after the next quiet spell.',
      examples: ['systemctl suspend'],
    }),
  api_socket: text.prefault('/.fly/api').meta({
    description: 'Unix socket of the Fly Machines API, used where FLY_APP_NAME and FLY_MACHINE_ID are set.',
    examples: ['/.fly/api'],
  }),
  check_interval: duration.exactOptional().meta({ description: 'How often to look; events made this needless.', examples: ['30s'] }),
  grace_period: duration.exactOptional().meta({ description: 'How long to wait after the decision.', examples: ['10s'] }),
})
