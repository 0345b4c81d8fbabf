/** One request as the pipeline sees it, whichever lane carries it, and what the pipeline may decide about it. */
import type { CgiScriptConfig, ReverseProxyConfig } from '../src/config/config.ts'
import type { TenantRoute } from '../src/protocol/routing-snapshot.ts'
import type { Representation } from './files/public-file.ts'
import type { RoutingTable } from './routing-table.ts'

/** A lane-independent view of a request head. A lane may keep one object per connection and fill it anew for each request. */
export type Exchange = {
  readonly method: string
  /** Path as sent, still percent-encoded, without the query. A rewrite changes it. */
  path: string
  /** `?…` as sent, or ''. A rewrite may change it. */
  query: string
  /** Path and query as sent, once a rewrite has changed them. */
  rewrittenFrom?: string | undefined
  /** Several lines of one name are joined by `, `. `name` in lower case. */
  header(name: string): string | undefined
  /** The address of the peer of the TCP connection, IPv4 in dotted form. */
  readonly peer: string
  /** What it asks to be upgraded to. */
  readonly upgrade: 'none' | 'websocket' | 'other'
  /** Who it is from, set only once the password has been found right. */
  user?: string | undefined
  /** Whether it has been counted among what its client may ask. */
  isCounted?: boolean
  /** What logs, upstreams and error pages call this request. */
  readonly requestId: string
  readonly routing: RoutingTable
}

/** Response fields in the order they are written. */
export type HeaderList = readonly (readonly [string, string])[]

/** An answer made here. The lane adds Content-Length, Date, Connection, and leaves the body out for HEAD. */
export type Answer = {
  readonly kind: 'respond'
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
  /** For the access log. */
  readonly responseType?: ResponseType
  /** For the access log: why, when it is an error; where to, when it is a redirect. */
  readonly errorMessage?: string
  readonly destination?: string
}

/** A file, or a part of it. The lane adds Content-Length and Date, and leaves the body out for HEAD. */
export type FileVerdict = {
  readonly kind: 'file'
  readonly status: 200 | 206
  readonly file: Representation
  readonly headers: HeaderList
  /** Which octets are the body. */
  readonly start: number
  readonly length: number
}

/** Data, carried out by whichever lane the request came in on. */
export type Verdict =
  | Answer
  | FileVerdict
  | ({ readonly kind: 'tenant'; readonly tenant: TenantRoute } & Decorated)
  | { readonly kind: 'cgi'; readonly script: CgiScriptConfig }
  /** A TurboCable socket; only for WebSocket upgrades. */
  | { readonly kind: 'cable' }
  /** A message for TurboCable sockets. */
  | { readonly kind: 'broadcast' }
  | UpstreamVerdict

export type UpstreamVerdict = {
  readonly kind: 'upstream'
  readonly rule: ReverseProxyConfig
  readonly target: UpstreamTarget
  /** To be tried in this order when the target cannot be reached. */
  readonly others?: readonly UpstreamTarget[]
} & Decorated

/** Fields that go onto the response beside the upstream's own. */
type Decorated = { readonly setHeaders?: HeaderList }

/** Where a reverse proxy sends a request: everything but the request's own headers and body. */
export type UpstreamTarget = {
  readonly protocol: 'http:' | 'https:'
  /** IPv6 without its brackets. */
  readonly hostname: string
  readonly port: number
  /** What the Host header says unless `headers` does: the target's host, with its port unless that is the default one. */
  readonly host: string
  /** Path and query to ask for. */
  readonly path: string
  /** Request headers to set, variables expanded. Names in lower case. */
  readonly headers: HeaderList
  /** What the client gets when it cannot be reached. Default: an error. */
  readonly whenDown?: 'maintenance'
  /** To be called when a request goes out to it, and when it could not be reached. */
  readonly watch?: { taken(): void; failed(): void }
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

/** Nothing can be decided until a password has been checked. Then: this verdict, or without one all is decided anew. */
export type Pending = { readonly kind: 'pending'; readonly settled: Promise<Verdict | undefined> }

/** What the pipeline comes to. */
export type Decision = Verdict | Pending

/** Decides, or leaves it to the next one. Synchronous. */
export type Step = (exchange: Exchange) => Decision | undefined
