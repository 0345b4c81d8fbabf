import * as z from 'zod'
import { fly } from './fly.ts'
import { reverseProxy } from './reverse-proxies.ts'
import { redirect, rewrite } from './rules.ts'
import { section } from './values.ts'

/** Keys of `routes`. */
export const routes = section({
  reverse_proxies: z.array(reverseProxy).prefault([]).meta({ description: 'Paths forwarded to other servers. The first that fits wins.' }),
  redirects: z.array(redirect).exactOptional().meta({ description: 'Paths a browser is sent away from. Default: none.' }),
  rewrites: z.array(rewrite).exactOptional().meta({
    description: 'Paths that become others within navigator, after redirects. Each rule sees what the one before made. Default: none.',
  }),
  fly: fly.exactOptional().meta({ description: 'What needs Fly.io.' }),
})
