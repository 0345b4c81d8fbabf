import type { ReverseProxyConfig, TenantConfig } from './config.ts'
import { literal } from './glob.ts'
import type { Surroundings } from './resolve-tenants.ts'
import { positionOf } from './tree.ts'

/** Tenants whose server runs already are reverse proxies: nothing is started or stopped for them. */
export const splitStandalone = (
  all: readonly TenantConfig[],
  { root, findings }: Surroundings,
): { readonly tenants: readonly TenantConfig[]; readonly rules: readonly ReverseProxyConfig[] } => {
  for (const [index, { standalone_server: server, rewrite_path: path, host }] of all.entries()) {
    const at = (key: string) => positionOf(root, ['applications', 'tenants', index, key])
    if (path !== undefined && server === undefined)
      findings.warn('rewrite_path has no effect without standalone_server', at('rewrite_path'))
    if (host !== undefined && server !== undefined)
      findings.warn('host has no effect with standalone_server', at('host'), 'write another path')
  }
  return {
    tenants: all.filter(({ standalone_server }) => standalone_server === undefined),
    rules: all.flatMap((tenant) => (tenant.standalone_server === undefined ? [] : ruleOf(tenant, tenant.standalone_server))),
  }
}

const ruleOf = (
  { name, path, match_pattern, rewrite_path, exclude_methods, headers = {} }: TenantConfig,
  server: string,
): ReverseProxyConfig => {
  const prefix = `^${literal(path.slice(0, -1))}(?:\\/|$)`
  const source = match_pattern === undefined ? prefix : `(?:${match_pattern})|(?:${prefix})`
  return {
    name,
    // The empty group is what makes the path of the target all of the path.
    path: rewrite_path === undefined ? source : `()(?:${source})`,
    target: rewrite_path === undefined ? `http://${server}` : `http://${server}${rewrite_path}$1`,
    strip_path: false,
    headers,
    response_headers: {},
    websocket: true,
    ...(exclude_methods === undefined ? {} : { exclude_methods }),
  }
}
