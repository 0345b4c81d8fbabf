import { resolve as resolvePath } from 'node:path'
import type { AuthConfig, TenantConfig } from './config.ts'
import type { Surroundings } from './resolve-tenants.ts'
import type { File } from './schema.ts'
import { nodeAt, positionOf } from './tree.ts'

/** `auth` with an absolute password file, `enabled` only where a password really is asked for. */
export const resolveAuth = (file: File, around: Surroundings): AuthConfig => {
  const { htpasswd, ...rest } = file.auth
  const enabled = rest.enabled && rest.realm !== 'off'
  const resolved = { ...rest, enabled, ...(htpasswd === undefined ? {} : { htpasswd: resolvePath(around.cwd, htpasswd) }) }
  if (!enabled) {
    warnOfForgotten(resolved, around)
    return resolved
  }
  // Files of old say so to have try_files, which once ran for public paths only.
  if (htpasswd === undefined && isPublic(resolved, '/') && isPublic(resolved, '/any/page')) return { ...resolved, enabled: false }
  const at = positionOf(around.root, ['auth', 'enabled'])
  if (htpasswd === undefined)
    around.findings.error('auth.enabled without htpasswd: nobody could get in', at, 'write htpasswd: config/htpasswd')
  warnOfHealthCheck(resolved, file, around)
  return resolved
}

/** A tenant whose `auth_enabled` no password file stands behind would let nobody in. */
export const checkTenantAuth = (tenants: readonly TenantConfig[], auth: AuthConfig, { root, findings }: Surroundings): void => {
  for (const [index, { name, auth_enabled, htpasswd }] of tenants.entries()) {
    if (auth_enabled !== true || htpasswd !== undefined || auth.htpasswd !== undefined) continue
    const at = positionOf(root, ['applications', 'tenants', index, 'auth_enabled'])
    findings.error(
      `tenant "${name}": auth_enabled without htpasswd: nobody could get in`,
      at,
      'write htpasswd: config/htpasswd here or in auth',
    )
  }
}

const warnOfForgotten = ({ htpasswd, realm }: AuthConfig, { root, findings }: Surroundings): void => {
  if (htpasswd === undefined || realm === 'off' || nodeAt(root, ['auth', 'enabled']) !== undefined) return
  const at = positionOf(root, ['auth', 'htpasswd'])
  findings.warn(
    'auth.htpasswd without enabled: nobody is asked for a password',
    at,
    'write enabled: true, or enabled: false if so it shall be',
  )
}

const warnOfHealthCheck = (auth: AuthConfig, { server: { health_check: check } }: File, { root, findings }: Surroundings): void => {
  if (check === undefined || check.response !== undefined || isPublic(auth, check.path)) return
  findings.warn(
    `server.health_check "${check.path}" asks a tenant, and needs a password like any other path`,
    positionOf(root, ['server', 'health_check']),
    `write "${check.path}" into auth.public_paths, or let navigator answer by itself: response: { status: 200 }`,
  )
}

/** What workers see a path by, without their care for paths that can be read in two ways. */
const isPublic = ({ auth_patterns, public_paths }: AuthConfig, path: string): boolean => {
  const first = auth_patterns.find(({ pattern }) => new RegExp(pattern).test(path))
  return first === undefined ? public_paths.some((source) => new RegExp(source).test(path)) : first.action === 'off'
}
