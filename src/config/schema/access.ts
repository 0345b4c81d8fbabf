/** Who gets in and what is shown instead: `auth`, `cable`, `maintenance`. */
import { z } from 'zod'
import { bool, orScalar, section, text, texts, urlPath } from './values.ts'

const authPattern = section({
  pattern: text.meta({ description: 'RE2 pattern of URL paths.', examples: ['^/public/'] }),
  action: text.exactOptional().meta({ description: '`off` makes the paths public.', examples: ['off'] }),
  description: text.exactOptional().meta({ description: 'A remark.' }),
})

/** Keys of `auth`. */
export const auth = section({
  enabled: bool.exactOptional().meta({ description: 'Whether a password is asked for.', default: 'false' }),
  realm: text.exactOptional().meta({ description: 'What the browser says the password is for.', default: 'Restricted' }),
  htpasswd: text.exactOptional().meta({ description: 'File of users and password hashes.', examples: ['config/htpasswd'] }),
  public_paths: texts
    .exactOptional()
    .meta({ description: 'Paths without a password: prefixes and globs. Default: none.', examples: [['/assets/', '*.css']] }),
  auth_patterns: z.array(authPattern).exactOptional().meta({ description: 'Paths without a password, as patterns. Default: none.' }),
})

/** Keys of `cable`. */
export const cable = section({
  enabled: bool.exactOptional().meta({ description: 'Whether navigator serves TurboCable sockets itself.', default: 'true' }),
  path: urlPath.exactOptional().meta({ description: 'Where browsers connect; compared exactly.', default: '/cable' }),
  broadcast_path: urlPath.exactOptional().meta({ description: 'Where apps post what is to be sent.', default: '/_broadcast' }),
})

/** Keys of `maintenance`. */
export const maintenance = section({
  enabled: bool.prefault('false').meta({
    description:
      'Whether every request for a tenant gets the maintenance page with status 503, and every other that nothing else answers. Still answered are health checks, broadcasts, passwords, cable sockets, redirects, rewrites and replays, CGI scripts, reverse proxies and files. Browsers get the page, others JSON or text.',
    examples: ['true'],
  }),
  page: text.exactOptional().meta({
    description:
      'HTML file shown while a tenant starts or maintenance is on. With a leading slash it is in server.static.public_dir, otherwise relative to where navigator was started. Default: 503.html in public_dir, then a built-in page.',
    examples: ['/503.html'],
  }),
})

/** `maintenance` of a tenant. */
export const tenantMaintenance = orScalar(
  'enabled',
  section({
    enabled: bool
      .prefault('false')
      .meta({ description: 'Whether every request for this tenant gets the maintenance page.', examples: ['true'] }),
    page: text.exactOptional().meta({
      description:
        'HTML file shown while this tenant starts or is in maintenance. With a leading slash it is in the public_dir of the tenant, else of the server; otherwise relative to its root. Default: maintenance.page.',
      examples: ['/503.html'],
    }),
  }),
)
