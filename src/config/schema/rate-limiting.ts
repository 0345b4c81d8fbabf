import { z } from 'zod'
import { bool, duration, int, section } from './values.ts'

/** Keys of `rate_limiting`. */
export const rateLimiting = section({
  enabled: bool.prefault('true').meta({ description: 'Whether requests are limited.', examples: ['false'] }),
  requests: int(1, 1_000_000)
    .exactOptional()
    .meta({
      description:
        'Requests in `per`, files included; more are answered 429 with Retry-After. Health checks and broadcasts do not count. Default: no limit.',
      examples: ['600'],
    }),
  per: duration
    .refine((value) => value >= 1_000, { error: 'is too short', params: { hint: 'write at least 1s' } })
    .prefault('1m')
    .meta({ description: 'How long the requests are for. It begins anew for all at once.', examples: ['10s'] }),
  key: z
    .enum(['ip', 'tenant'])
    .prefault('ip')
    .meta({
      description:
        'Who has so many. ip: each client by its address, of IPv6 the /64; behind a proxy, what a proxy of trust_proxy says it is, so name the ranges of proxies there. tenant: all clients of a tenant together.',
      examples: ['tenant'],
    }),
})
