/** Which paths need whose password, made quick to ask. */
import type { AuthConfig } from '../../src/config/config.ts'
import type { TenantAuth, TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import { readingsOf } from './readings.ts'

/** What stands before a path. Without a file nobody gets in. */
export type Guard = { readonly realm: string; readonly file: string | undefined }

export type AccessTable = {
  /** Whether `public_paths` or a pattern lets everybody have this path, as sent; whichever way it is read. */
  isPublic(path: string): boolean
  /** Who must be asked; undefined for nobody, `ambiguous` when the path can be read as two with different password files. */
  guardOf(host: string | undefined, path: string): Guard | 'ambiguous' | undefined
  /** The guard of the whole server, for those who need a name on a public path too. */
  readonly server: Guard
}

type FindTenant = (host: string | undefined, path: string) => TenantRoute | undefined

/** `tenantOf` is asked only if some tenant has rules of its own. */
export const compileAccess = (auth: AuthConfig, tenants: readonly TenantRoute[], tenantOf: FindTenant): AccessTable => {
  const server: TenantAuth = {
    enabled: auth.enabled,
    realm: auth.realm,
    ...(auth.htpasswd === undefined ? {} : { htpasswd: auth.htpasswd }),
  }
  const hasOwnRules = tenants.some((tenant) => tenant.auth !== undefined)
  const isOff = !auth.enabled && !tenants.some((tenant) => tenant.auth?.enabled)
  const actionOf = compileRules(auth)
  const rulesAt = (host: string | undefined, path: string) => (hasOwnRules ? (tenantOf(host, path)?.auth ?? server) : server)

  return {
    server: { realm: server.realm, file: server.htpasswd },
    isPublic: (path) => readingsOf(path)?.every((reading) => actionOf(reading) === 'off') ?? false,
    guardOf(host, path) {
      if (isOff) return undefined
      const rules = rulesAt(host, path)
      const readings = readingsOf(path)
      if (readings === undefined) return guardFrom(rules, undefined)
      // Decoding has been done; routing decodes once more.
      const other = readings.length === 1 ? rules : rulesAt(host, readings[1]!.replaceAll('%', '%25'))
      if (other.htpasswd !== rules.htpasswd || other.enabled !== rules.enabled) return 'ambiguous'
      const guarded = readings.map(actionOf).find((action) => action !== 'off')
      return guarded === undefined ? undefined : guardFrom(rules, guarded)
    },
  }
}

const guardFrom = (rules: TenantAuth, action: Action | undefined): Guard | undefined =>
  rules.enabled ? { realm: action?.realm ?? rules.realm, file: rules.htpasswd } : undefined

/** `off`: public. Else a password is asked for, for this realm if a pattern names one. */
type Action = { readonly realm: string | undefined }

const BY_DEFAULT: Action = { realm: undefined }

/** Sixteen expressions of so many patterns take an eighth of the time of one of a thousand (measured). */
const TOGETHER = 64

/** Neighbours with the same action become one regular expression, so that hundreds of patterns cost little more than one. */
const compileRules = ({ auth_patterns, public_paths }: AuthConfig): ((path: string) => Action | 'off') => {
  const rules = [...auth_patterns, ...public_paths.map((pattern) => ({ pattern, action: 'off' }))]
  const runs: { readonly action: string; readonly sources: string[] }[] = []
  for (const { action, pattern } of rules) {
    const last = runs.at(-1)
    if (last?.action === action && last.sources.length < TOGETHER) last.sources.push(pattern)
    else runs.push({ action, sources: [pattern] })
  }
  const compiled = runs.map(({ action, sources }) => ({
    action: action === 'off' ? ('off' as const) : { realm: action },
    fits: new RegExp(sources.map((source) => `(?:${source})`).join('|')),
  }))
  return (path) => compiled.find(({ fits }) => fits.test(path))?.action ?? BY_DEFAULT
}
