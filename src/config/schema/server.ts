import * as z from 'zod'
import { compression } from './compression.ts'
import { idle } from './idle.ts'
import { botDetection, cgiScript } from './server-later.ts'
import { staticFiles } from './static.ts'
import {
  bool,
  duration,
  headerFields,
  hostname,
  hostPattern,
  int,
  listen,
  orScalar,
  prefix,
  section,
  text,
  trust,
  urlPath,
} from './values.ts'

const syntheticResponse = section({
  status: int(200, 599)
    .prefault('200')
    .meta({ description: 'Status of the answer.', examples: ['200'] }),
  body: text.prefault('OK').meta({ description: 'Body of the answer.', examples: ['OK'] }),
  headers: headerFields
    .prefault({})
    .meta({ description: 'Headers of the answer. Without a Content-Type it is text/plain.', examples: [{ 'Content-Type': 'text/html' }] }),
})

const healthCheck = orScalar(
  'path',
  section({
    path: urlPath.meta({ description: 'The URL path that load balancers ask for; compared exactly.', examples: ['/up'] }),
    response: syntheticResponse
      .exactOptional()
      .meta({ description: 'The answer navigator itself gives, without waking a tenant. Without it, the tenant at this path answers.' }),
  }),
)

const timeouts = section({
  header: duration.prefault('30s').meta({
    description: "From a connection's first byte, or its last response, to the end of the next request head.",
    examples: ['10s'],
  }),
  keep_alive: duration.prefault('75s').meta({ description: 'Between two requests on a kept-alive client connection.', examples: ['2m'] }),
  idle: duration.prefault('10m').meta({
    description: 'No byte either way on a client connection in the middle of a request. 0 = no limit.',
    examples: ['1h', '0'],
  }),
  connect: duration.prefault('5s').meta({ description: 'To connect to an upstream.', examples: ['2s'] }),
  response: duration.prefault('5m').meta({
    description: 'From the last byte of a request to the first of its response; past it the client gets 504. 0 = no limit.',
    examples: ['30s', '0'],
  }),
  drain: duration
    .prefault('30s')
    .meta({ description: 'How long requests may go on at shutdown and reload before they are cut.', examples: ['10s'] }),
})

/** Keys of `server`. */
export const server = section({
  listen: listen.prefault('3000').meta({
    description:
      'Port, or address and port, to accept connections on. A port alone takes all interfaces, IPv4 and IPv6. Port 0 lets the system choose.',
    examples: ['3000', '127.0.0.1:3000', '[::1]:3000', '${PORT:-3000}'],
  }),
  workers: int(1, 64)
    .exactOptional()
    .meta({
      description: 'Number of worker threads that carry traffic. Default: one for each processor, at most 4.',
      examples: ['2'],
    }),
  root_path: prefix
    .transform((value) => (value === '/' ? '' : value))
    .prefault('/')
    .meta({
      description: 'Prefix of all URLs. Its form without the last slash is redirected to the one with it.',
      examples: ['/showcase'],
    }),
  trust_proxy: trust.prefault('false').meta({
    description:
      'Whose X-Forwarded-For, -Proto and -Host are believed: nobody, everybody, or the peers in these ranges. Set it only behind a proxy that sets them.',
    examples: ['true', ['10.0.0.0/8', 'fdaa::/16']],
  }),
  proxy_protocol: trust.exactOptional().meta({
    description:
      'Who begins each connection with a PROXY protocol header, version 1 or 2: everybody, or the peers in these ranges. The address in it then is the client in the log, in X-Forwarded-For and for trust_proxy; without the header the connection is closed. Others are taken as they come, so with ranges apps on this machine can still post broadcasts. Set true only where nobody but the proxy can connect: whoever sends a header says who they are.',
    examples: ['true', ['10.0.0.0/8', 'fdaa::/16']],
    default: 'false',
  }),
  health_check: healthCheck.exactOptional().meta({ description: 'A path answered for load balancers. Default: none.', examples: ['/up'] }),
  timeouts: timeouts.prefault({}).meta({ description: 'How long connections and upstreams may take.' }),
  hostname: hostname
    .exactOptional()
    .meta({ description: 'One more of allowed_hosts. Alone it refuses nothing, as in all releases.', examples: ['app.example.com'] }),
  allowed_hosts: z
    .array(hostPattern)
    .min(1)
    .exactOptional()
    .meta({
      description:
        'Hosts that requests may be for, besides hostname and those of tenants; *.example.com is every host below it. Others get 421, but for the health check. Default: any.',
      examples: [['app.example.com', '*.example.com']],
    }),
  compression: compression.exactOptional().meta({
    description:
      'Compresses text by zstd, br or gzip, as clients like best. Default: off. It takes more of the processor than all else navigator does for a request, most platforms do it in front of their machines, and files are best compressed once, beside themselves (static.precompressed).',
    examples: ['true', { minimum_size: '4K' }],
  }),
  disable_compression: bool.exactOptional().meta({ description: 'Turns server.compression off again.', default: 'false' }),
  bot_detection: botDetection.exactOptional().meta({ description: 'What crawlers may do. Default: everything.', examples: ['reject'] }),
  idle: idle
    .exactOptional()
    .meta({ description: 'What happens to the machine when nobody has asked for anything for a while. Default: nothing.' }),
  metrics: section({
    listen: listen.meta({
      description: 'Where GET /metrics is answered, as Prometheus reads it. Anybody who can connect may read it. Read at the start only.',
      examples: ['127.0.0.1:9394'],
    }),
  })
    .exactOptional()
    .meta({ description: 'A listener for metrics alone. Default: none; navigator metrics prints them.' }),
  static: staticFiles.prefault({}).meta({ description: 'Files served without a tenant.' }),
  cgi_scripts: z.array(cgiScript).exactOptional().meta({ description: 'Programs run for one request each. Default: none.' }),
  named_hosts: z.unknown().meta({ description: 'Host names of 0.11; never had an effect.' }).optional(),
  root: text.exactOptional().meta({ description: 'Directory of 0.11; never had an effect.' }),
})

/** Threads that carry traffic when the file does not say. */
export const defaultWorkers = (processors: number): number => Math.max(1, Math.min(4, processors))
