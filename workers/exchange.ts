/** One request as the pipeline sees it, whichever lane carries it, and what the pipeline may decide about it. */
import type { ReverseProxyConfig } from '../src/config/config.ts'
import type { TenantRoute } from '../src/protocol/routing-snapshot.ts'
import type { RoutingTable } from './routing-table.ts'

export type Exchange = {
  readonly method: string
  /** Path as sent, still percent-encoded, without the query. A rewrite changes it. */
  path: string
  /** `?…` as sent, or ''. */
  query: string
  /** Several lines of one name are joined by `, `. `name` in lower case. */
  header(name: string): string | undefined
  /** The address of the peer of the TCP connection. */
  readonly peer: string
  /** Whether the body, if any, may still be long or of unknown length. */
  readonly upgrade: 'none' | 'websocket' | 'other'
  readonly routing: RoutingTable
}

/** Data, carried out by whichever lane the request came in on. */
export type Verdict =
  | {
      readonly kind: 'respond'
      readonly status: number
      readonly headers: readonly (readonly [string, string])[]
      readonly body: string
      /** For the access log. */
      readonly responseType?: ResponseType
    }
  | { readonly kind: 'tenant'; readonly tenant: TenantRoute }
  | { readonly kind: 'upstream'; readonly rule: ReverseProxyConfig; readonly target: UpstreamTarget }

/** Where a reverse proxy sends a request: everything but the request's own headers and body. */
export type UpstreamTarget = {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** Path and query to ask for. */
  readonly path: string
  /** Request headers to set, variables expanded. */
  readonly headers: readonly (readonly [string, string])[]
}

/** The documented vocabulary of the access log's `response_type`. */
export type ResponseType =
  | 'proxy'
  | 'static'
  | 'redirect'
  | 'fly-replay'
  | 'auth-failure'
  | 'error'
  | 'maintenance'
  | 'websocket'
  | 'broadcast'
  | 'cgi'
  | 'bot-blocked'
  | 'client_closed'
  | 'health-check'

/** Decides, or leaves it to the next one. Synchronous. */
export type Step = (exchange: Exchange) => Verdict | undefined
