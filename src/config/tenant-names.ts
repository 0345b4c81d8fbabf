import type { Surroundings } from './resolve-tenants.ts'
import type { FileTenant } from './schema.ts'
import { keyPositionOf, positionOf } from './tree.ts'

type Named = { readonly name: string; readonly path: string }

/**
 * Gives each tenant its name and path. A path is `/` for a tenant with a host and for the only tenant, else `/name/`. A name
 * is what is left of the path without `/showcase/` and the last slash, as existing logs and dashboards have it.
 */
export const nameTenants = (tenants: readonly FileTenant[], around: Surroundings): readonly Named[] => {
  const paths = tenants.map((tenant, index) => tenant.path ?? missingPath(tenant, index, tenants.length, around))
  const taken = new Set(tenants.flatMap(({ name }) => name ?? []))
  const named = tenants.map((tenant, index) => {
    const path = paths[index]!
    const name = tenant.name ?? deriveName(tenant, path, taken)
    taken.add(name)
    return { name, path }
  })
  const routes = tenants.map(({ host = '' }, index) => `${host}${paths[index]}`)
  refuseTwice(routes, 'path', around)
  // One path with two derived names is one mistake, not two.
  const isDerived = (index: number) => tenants[index]!.name === undefined
  refuseTwice(
    named.map(({ name }, index) => (isDerived(index) ? undefined : name)),
    'name',
    around,
  )
  return named
}

const missingPath = (tenant: FileTenant, index: number, count: number, { root, findings }: Surroundings): string => {
  if (tenant.host !== undefined || count === 1) return '/'
  const at = positionOf(root, ['applications', 'tenants', index])
  if (tenant.name !== undefined) {
    findings.warn(`tenant "${tenant.name}" has no path; it is served at /${tenant.name}/`, at, `write path: /${tenant.name}/`)
    return `/${tenant.name}/`
  }
  findings.error('a tenant has neither path nor host nor name', at, 'write path: /boston/')
  return `/${index}/`
}

/** The first of these that nobody else has; where none is free, the route is taken as well, and that is the error. */
const deriveName = ({ host }: FileTenant, path: string, taken: ReadonlySet<string>): string => {
  const name = path.replace(/^\/showcase\//, '').replace(/\/$/, '') || 'index'
  const choices = host === undefined ? [name, path] : [path === '/' ? host : `${host}${name}`, `${host}${path}`]
  return choices.find((choice) => !taken.has(choice)) ?? choices[0]!
}

const refuseTwice = (keys: readonly (string | undefined)[], key: 'name' | 'path', { root, findings }: Surroundings): void => {
  const first = new Map<string, number>()
  const place = (index: number) => keyPositionOf(root, ['applications', 'tenants', index, key])
  for (const [index, value] of keys.entries()) {
    const earlier = value === undefined ? undefined : first.get(value)
    if (value !== undefined && earlier === undefined) first.set(value, index)
    if (earlier === undefined) continue
    const what = key === 'name' ? `two tenants are called "${value}"` : `two tenants are at "${value}"`
    const hint = key === 'name' ? 'write another name:' : 'write another path: or host:'
    findings.error(`${what}: the other is on line ${place(earlier).line}`, place(index), hint)
  }
}
