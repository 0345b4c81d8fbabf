/** The environment of a CGI script (RFC 3875 §4.1). */
import type { CgiScriptConfig, ServerConfig } from '../../src/config/config.ts'
import { childEnvironment } from '../../src/process/environment.ts'
import type { Exchange } from '../exchange.ts'
import type { Passage } from './passage.ts'
import { writeUpstreamHead } from './upstream-head.ts'

/** Not HTTP_… variables: they have variables of their own, are secrets of the server's, or mean another thing to programs. */
const WITHHELD: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  // HTTP_PROXY is where HTTP clients look for a proxy (httpoxy).
  'proxy',
  'transfer-encoding',
])

/** Navigator's own environment < the script's `env` < what RFC 3875 defines. */
export const scriptEnvironment = (passage: Passage, script: CgiScriptConfig): NodeJS.ProcessEnv => ({
  ...childEnvironment(process.env, { own: script.env, unset: script.unset_env ?? [] }),
  ...requestVariables(passage),
  ...metaVariables(passage, script),
})

const metaVariables = ({ exchange, request, hasBody }: Passage, { path, script }: CgiScriptConfig): Record<string, string> => {
  const { header } = exchange
  const { server } = exchange.routing.snapshot
  const length = header('content-length')
  const type = header('content-type')
  const peer = clientOf(exchange, exchange.routing.trusts(exchange.peer))
  return {
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_SOFTWARE: 'Navigator',
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    SERVER_NAME: serverName(exchange, request.socket.localAddress),
    SERVER_PORT: String(request.socket.localPort ?? server.listen.port),
    REQUEST_METHOD: exchange.method,
    REQUEST_URI: exchange.rewrittenFrom ?? exchange.path + exchange.query,
    QUERY_STRING: exchange.query.slice(1),
    SCRIPT_NAME: path,
    SCRIPT_FILENAME: script,
    DOCUMENT_ROOT: documentRoot(server),
    PATH_INFO: '',
    PATH_TRANSLATED: '',
    REMOTE_ADDR: peer,
    REMOTE_HOST: peer,
    // Of a chunked body nobody knows the length yet; the script reads to the end.
    ...(hasBody && length !== undefined ? { CONTENT_LENGTH: length } : {}),
    ...(type === undefined ? {} : { CONTENT_TYPE: type }),
    ...(exchange.user === undefined ? {} : { REMOTE_USER: exchange.user, AUTH_TYPE: 'Basic' }),
    ...(exchange.routing.trusts(exchange.peer) && header('x-forwarded-proto') === 'https' ? { HTTPS: 'on' } : {}),
  }
}

/** What an upstream would get. A name with an underscore could pass for another: `X_Forwarded_For`. */
const requestVariables = ({ request, exchange }: Passage): Record<string, string> => {
  const fields = writeUpstreamHead(request, exchange, { host: exchange.header('host') ?? '', overrides: [], upgrade: false })
  const variables: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (WITHHELD.has(name) || !/^[a-z\d-]+$/.test(name)) continue
    const text = Array.isArray(value) ? value.join(name === 'cookie' ? '; ' : ', ') : value
    variables[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = text
  }
  return variables
}

const clientOf = ({ peer, header }: Exchange, trustProxy: boolean): string =>
  (trustProxy && header('x-forwarded-for')?.split(',')[0]?.trim()) || peer

/** The host as asked for, without its port. */
const serverName = ({ header }: Exchange, localAddress: string | undefined): string =>
  header('host')?.replace(/:\d*$/, '') || localAddress || 'localhost'

const documentRoot = (server: ServerConfig): string => server.static?.public_dir ?? process.cwd()
