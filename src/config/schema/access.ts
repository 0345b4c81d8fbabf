/** Who gets in and what is shown instead: `auth`, `cable`, `maintenance`. */
import * as z from 'zod'
import { translatePublicPath } from '../glob.ts'
import { bool, orScalar, pattern, readable, section, text, urlPath } from './values.ts'

/** A path without a password, as the source of a regular expression. */
const publicPath = readable(translatePublicPath, {
  predicate: 'is not a path that can be matched',
  hint: 'close each [ with ], and write a character after each \\',
})

/** What a password is for, on one line. */
export const realm = readable((value) => (/^\P{Cc}+$/u.test(value) ? value : undefined), {
  predicate: 'is not a realm',
  hint: 'write a name on one line: Staff only',
})

const authPattern = section({
  pattern: pattern.meta({ description: 'RE2 pattern of URL paths, not anchored.', examples: ['^/public/'] }),
  action: realm.meta({
    description: '`off`: no password is asked for. Anything else: one is, for the realm of this name.',
    examples: ['off', 'Staff only'],
  }),
  description: text.exactOptional().meta({ description: 'A remark.' }),
})

/** Keys of `auth`. */
export const auth = section({
  enabled: bool.prefault('false').meta({ description: 'Whether a password is asked for. Needs htpasswd.', examples: ['true'] }),
  realm: realm.prefault('Restricted').meta({
    description: 'What the browser says the password is for. `off` is the same as enabled: false.',
    examples: ['Staff only'],
  }),
  htpasswd: text.exactOptional().meta({
    description: 'File of users and password hashes, relative to where navigator was started. Changes count within a second.',
    examples: ['config/htpasswd'],
  }),
  public_paths: z
    .array(publicPath)
    .prefault([])
    .meta({
      description:
        'Paths without a password: *.css is an ending, /assets/ a beginning, /assets/* a glob whose * stops at slashes, /up that very path.',
      examples: [['/assets/', '*.css', '/up']],
    }),
  auth_patterns: z
    .array(authPattern)
    .prefault([])
    .meta({ description: 'Patterns of paths with or without a password. The first that fits counts, before public_paths.' }),
})

/** Where a page is from, as browsers say it; `*` for anywhere. */
const origin = readable((value) => (isOrigin(value) ? value.toLowerCase() : undefined), {
  predicate: 'is not an origin',
  hint: 'write https://www.example.com, without a path, or "*"',
})

/** Keys of `cable`. */
export const cable = section({
  enabled: bool.prefault('true').meta({ description: 'Whether navigator serves TurboCable sockets itself.', examples: ['false'] }),
  path: urlPath.prefault('/cable').meta({
    description: 'Where browsers connect; compared exactly. Passwords are asked for as for any path. Clients get a ping every 30s.',
    examples: ['/showcase/cable'],
  }),
  broadcast_path: urlPath.prefault('/_broadcast').meta({
    description:
      'Where apps post {"stream": …, "data": …}; compared exactly. Only from this machine, and not by way of a proxy; no password is asked for. At most 16 MB.',
    examples: ['/showcase/_broadcast'],
  }),
  allowed_origins: z
    .array(origin)
    .prefault([])
    .meta({
      description:
        'Sites whose pages may open sockets, besides those of the host that the request is for; * for all. A client that is no browser sends no origin and is let in.',
      examples: [['https://www.example.com'], ['*']],
    }),
  broadcast_token: text
    .min(1)
    .exactOptional()
    .meta({
      description: 'What broadcasts must have as Authorization: Bearer, besides coming from this machine. Default: nothing.',
      examples: ['${CABLE_TOKEN}'],
    }),
})

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value.toLowerCase())
}

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
