import type { Bench } from '../bench.ts'
import { type Entry, ratioOf, runContest, type Standing } from '../contest.ts'
import { memoryOf } from '../measure.ts'
import { attempt } from '../peers/lineup.ts'
import { type Navigator, startNavigator } from '../peers/navigator.ts'
import { describe, megabytes, type Row } from '../report.ts'
import { measureRouting, type RoutingCost } from '../routing-cost.ts'
import { small } from '../workloads.ts'

type Candidate = Entry & { readonly peer: Navigator; readonly tenants: number; readonly uss: number; readonly cost: RoutingCost }

/** What a request costs when there are 10, 1,000 and 100,000 tenants to find its own among. */
export const measureLookup = async (bench: Bench): Promise<void> => {
  const candidates: Candidate[] = []
  for (const tenants of [10, 1_000, 100_000]) {
    const candidate = await attempt(bench, `navigator with ${tenants} tenants`, () => startWithTenants(bench, tenants))
    if (candidate !== undefined) candidates.push(candidate)
  }
  const cell = await runContest(bench, { workload: small, connections: 32, entries: candidates })
  await Promise.all(candidates.map(({ peer }) => peer.stop()))
  bench.report.add({
    name: 'lookup',
    title: '1 KB GET at 32 connections, by number of configured tenants (one awake, the last of the file)',
    rows: cell.map((one, index) => rowOf(one, candidates[index]!, { fewest: candidates[0]!, fewestCost: cell[0]! })),
    notes: [
      'look-up ns and table ms: the routing table by itself, asked for tenants all over it, and its building.',
      'start ms: from the start of the program to the first answer of the tenant, its boot included; reading the file is most of it. USS: after that answer.',
    ],
    // The configurations are as long as their tenants are many: the first tells it all.
    peers: candidates.slice(0, 1).map(({ peer }) => describe(peer)),
    details: cell,
  })
}

const rowOf = (one: Standing, candidate: Candidate, base: { readonly fewest: Candidate; readonly fewestCost: Standing }): Row => ({
  tenants: candidate.tenants.toLocaleString('en'),
  'CPU µs': one.cpuMicros,
  'k instr': one.kiloInstructions,
  '× fewest': ratioOf(one, base.fewestCost),
  'req/s': one.perSecond,
  'look-up ns': candidate.cost.lookupNs,
  'table ms': candidate.cost.buildMs,
  'start ms': candidate.peer.startedInMs,
  'USS MB': megabytes(candidate.uss),
  'USS KB per tenant': growthPerTenant(base.fewest, candidate),
  errors: String(one.errors),
})

/** In KB, against the one with the fewest; undefined for that one. */
const growthPerTenant = (fewest: Candidate, more: Candidate): number | undefined =>
  more === fewest ? undefined : (more.uss - fewest.uss) / 1024 / (more.tenants - fewest.tenants)

const startWithTenants = async (bench: Bench, count: number): Promise<Candidate> => {
  const tenants = Array.from({ length: count }, (_, index) => `/year/t${index}/`)
  const path = `${tenants.at(-1)}1k`
  const peer = await startNavigator({ bench, tenants, warmPath: path, startLimitMs: 180_000 })
  return { peer, path, tenants: count, uss: memoryOf(peer.pids()).uss, cost: measureRouting(tenants) }
}
