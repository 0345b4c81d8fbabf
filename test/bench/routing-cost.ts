import { performance } from 'node:perf_hooks'
import { staticFiles } from '../../src/config/schema/static.ts'
import type { RoutingSnapshot, TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import { createRoutingTable } from '../../workers/routing-table.ts'
import { medianOf } from './bench.ts'

/** What the routing table costs by itself, measured in this thread. */
export type RoutingCost = { readonly buildMs: number; readonly lookupNs: number }

const lookups = 200_000
const samples = 7

/** Builds a table of the tenants and looks up requests spread over all of them; medians. */
export const measureRouting = (tenants: readonly string[]): RoutingCost => {
  const snapshot = snapshotOf(tenants)
  const requests = Array.from({ length: 1_024 }, (_, index) => `${tenants[(index * 7_919) % tenants.length]}results/heat`)
  const buildMs: number[] = []
  const lookupNs: number[] = []
  let found = 0
  for (let sample = 0; sample < samples; sample++) {
    const from = performance.now()
    const table = createRoutingTable(snapshot)
    const built = performance.now()
    for (let index = 0; index < lookups; index++) if (table.findTenant('127.0.0.1:3000', requests[index & 1_023]!) !== undefined) found++
    buildMs.push(built - from)
    lookupNs.push(((performance.now() - built) / lookups) * 1e6)
  }
  if (found !== lookups * samples) throw new Error(`the routing table found ${found} of ${lookups * samples} tenants`)
  return { buildMs: medianOf(buildMs), lookupNs: medianOf(lookupNs) }
}

const snapshotOf = (tenants: readonly string[]): RoutingSnapshot => ({
  version: 1,
  server: {
    listen: { host: '127.0.0.1', port: 3000 },
    workers: 1,
    root_path: '',
    trust_proxy: false,
    static: staticFiles.parse({}),
    timeouts: { header: 0, keep_alive: 0, idle: 0, connect: 0, response: 0, drain: 0 },
  },
  maintenance: { enabled: false },
  auth: { enabled: false, realm: '', public_paths: [], auth_patterns: [] },
  routes: { reverse_proxies: [] },
  queue: { max_size: 1, timeout: 1 },
  tenants: tenants.map((path): TenantRoute => ({ name: path, path, startup_timeout: 5_000, track_websockets: true })),
  standings: [],
})
