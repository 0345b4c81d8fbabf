/** What the pipeline decides by routes written as in a file. */
import { readConfig } from '../../../src/config/load.ts'
import type { Exchange } from '../../../workers/exchange.ts'
import { decide } from '../../../workers/pipeline.ts'
import { createRoutingTable, type RoutingTable } from '../../../workers/routing-table.ts'
import { type SiteOptions, snapshotOf } from '../harness.ts'

/** `routes:` of a file, in YAML, all the way through. */
export const routesOf = (yaml: string, env: NodeJS.ProcessEnv = {}) =>
  readConfig(`server: { listen: 3000 }\nroutes:\n${indented(yaml)}`, { file: 'test.yml', env, cwd: '/srv' }).config.routes

const indented = (yaml: string): string =>
  yaml
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')

export const tableOf = (yaml: string, options: SiteOptions & { readonly env?: NodeJS.ProcessEnv } = {}): RoutingTable =>
  createRoutingTable(snapshotOf({ tenants: [{ name: 'app', path: '/' }], ...options, routes: routesOf(yaml, options.env) }))

export type Asked = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly peer?: string
  readonly upgrade?: Exchange['upgrade']
}

export const exchangeOf = (routing: RoutingTable, url: string, asked: Asked = {}): Exchange => {
  const queryAt = url.indexOf('?')
  return {
    method: asked.method ?? 'GET',
    path: queryAt === -1 ? url : url.slice(0, queryAt),
    query: queryAt === -1 ? '' : url.slice(queryAt),
    header: (name) => ({ host: 'site.example', ...asked.headers })[name],
    peer: asked.peer ?? '10.1.2.3',
    upgrade: asked.upgrade ?? 'none',
    requestId: 'id',
    routing,
  }
}

/** The verdict, and the path and query that are left. */
export const verdictOn = (routing: RoutingTable, url: string, asked: Asked = {}) => {
  const exchange = exchangeOf(routing, url, asked)
  const verdict = decide(exchange)
  return { verdict, uri: exchange.path + exchange.query, rewrittenFrom: exchange.rewrittenFrom }
}

/** What a browser would see: `302 /new`, `508`, or the path a tenant is asked for. */
export const outcomeOf = (routing: RoutingTable, url: string, asked: Asked = {}): string => {
  const { verdict, uri } = verdictOn(routing, url, asked)
  if (verdict.kind !== 'respond') return uri
  const location = verdict.headers.find(([name]) => name === 'Location')?.[1]
  return location === undefined ? String(verdict.status) : `${verdict.status} ${location}`
}
