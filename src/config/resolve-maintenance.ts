import { existsSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import type { Config, TenantConfig } from './config.ts'
import type { Surroundings } from './resolve-tenants.ts'
import type { File, FileTenant } from './schema.ts'
import { type Path, positionOf } from './tree.ts'

const DEFAULT_PAGE = '/503.html'

/** The page for all tenants, where there is one. */
export const resolveMaintenance = ({ maintenance, server }: File, { root, cwd, findings }: Surroundings): Config['maintenance'] => {
  const { page, ...rest } = maintenance
  const publicDirectory = resolvePath(cwd, server.static.public_dir)
  const file = pageFile(page ?? DEFAULT_PAGE, { publicDirectory, directory: cwd })
  if (existsSync(file)) return { ...rest, page: file }
  const hint = 'write a path under server.static.public_dir with a leading slash, otherwise one relative to where navigator is started'
  if (page !== undefined)
    findings.warn(`maintenance.page: there is no ${file}; the built-in page is shown`, positionOf(root, ['maintenance', 'page']), hint)
  return rest
}

/** What a tenant says itself. `publicDirectory` is its own or the server's. */
export const resolveTenantMaintenance = (
  { name, maintenance }: FileTenant,
  where: { readonly publicDirectory: string; readonly directory: string; readonly path: Path },
  { root, findings }: Surroundings,
): Pick<TenantConfig, 'maintenance'> => {
  if (maintenance === undefined) return {}
  const { page, ...rest } = maintenance
  if (page === undefined) return { maintenance: rest }
  const file = pageFile(page, where)
  if (existsSync(file)) return { maintenance: { ...rest, page: file } }
  const hint = "write a path under its public_dir with a leading slash, otherwise one relative to the tenant's root"
  const at = positionOf(root, [...where.path, 'maintenance', 'page'])
  findings.warn(`tenant "${name}": there is no ${file}; the page for all tenants is shown`, at, hint)
  return { maintenance: rest }
}

const pageFile = (page: string, { publicDirectory, directory }: { publicDirectory: string; directory: string }): string =>
  resolvePath(page.startsWith('/') ? publicDirectory : directory, page.replace(/^\/+/, ''))
