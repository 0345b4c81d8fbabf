/** Heads and bodies to throw at the parsers: mostly well-formed, with faults sprinkled in. */
import fc from 'fast-check'

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/)
const plainField = fc
  .tuple(token, fc.constantFrom(': ', ':', ': \t'), fc.stringMatching(/^[ -~\x80-\xff\t]{0,20}$/))
  .map((parts) => parts.join(''))

const knownRequestField = fc.constantFrom(
  'Host: example.org:80',
  'Host: h',
  'host:h',
  'Content-Length: 5',
  'Content-Length: 0',
  'content-length:05',
  'Content-Length: 5 ',
  'Content-Length: 5\t',
  'Content-Length: +5',
  'Content-Length: 5,5',
  'Content-Length: 0x5',
  'Content-Length:',
  'Content-Length : 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:',
  'Transfer_Encoding: chunked',
  'Connection: keep-alive',
  'Connection: close',
  'Connection: close, keep-alive',
  'Connection: Upgrade',
  'Connection: x-secret',
  'connection: KEEP-ALIVE,  Upgrade',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'TE: trailers',
  'Trailer: x',
  'Expect: 100-continue',
  'X-Forwarded-For: 1.2.3.4',
  'X-Request-Id: abc',
  'User-Agent: a/b (c; d)',
  'Referer: http://h/x?y=z',
  'Cookie: a=b; c=d',
  'Cookie: e=f',
  ' folded',
  '\tfolded',
  'X: a\rb',
  'X: a\nb',
  'X: a\0b',
  'no colon',
  ': no name',
)

const target = fc.oneof(
  fc.constantFrom(
    '/',
    '/a',
    '/a/b?c=d/../e',
    '/%41',
    '/a%20b',
    '/.well-known/x',
    '/a//b',
    '/a/./b',
    '/a/..',
    '/%2e%2e/',
    '/a%2fb',
    '/%zz',
    '/a\\b',
    '/a#b',
    '*',
    'h:80',
    'http://h/',
    '/\xe9',
    '/a b',
    '/a\tb',
    '',
  ),
  fc.stringMatching(/^\/[A-Za-z0-9._~:@!$&'()*+,;=%-]{0,8}(\?[A-Za-z0-9/?=&%[\]-]{0,8})?$/),
)
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS') },
  { weight: 1, arbitrary: fc.constantFrom('CONNECT', 'TRACE', 'get', 'GETS', 'G', '') },
)
const version = fc.oneof(
  { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 1, arbitrary: fc.constantFrom('HTTP/1.0', 'http/1.1', 'HTTP/1.10', 'HTTP/2.0', '') },
)
const lineEnd = fc.oneof({ weight: 30, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n') })

const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: odd })

/** Sometimes one octet of the text is another. */
const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc.tuple(text, fc.nat(), fc.nat({ max: 255 }), fc.boolean()).map(([whole, at, octet, isDamaged]) => {
    const octets = Buffer.from(whole, 'latin1')
    if (isDamaged && octets.length > 0) octets[at % octets.length] = octet
    return octets
  })

const lines = (first: string, fields: readonly string[], ends: readonly string[]) =>
  [first, ...fields, ''].map((text, i) => text + (ends[i % ends.length] ?? '\r\n')).join('')

const common = fc.constantFrom(
  'Host: h',
  'Host: h',
  'User-Agent: x',
  'Accept: */*',
  'Cookie: a=b',
  'Content-Length: 5',
  'X-Forwarded-For: 1.2.3.4',
  'Connection: keep-alive',
)

/** Request heads, with the right, a wrong or no way to end the body. */
export const requestHead: fc.Arbitrary<Buffer> = damaged(
  fc
    .tuple(
      method,
      target,
      version,
      fc.array(mostly(mostly(common, plainField), knownRequestField), { maxLength: 6 }),
      fc.array(lineEnd, { minLength: 1, maxLength: 8 }),
    )
    .map(([m, t, v, fields, ends]) => lines(`${m} ${t} ${v}`, ['Host: h', ...fields], ends)),
)

/** Requests this lane should take. */
export const plainRequest: fc.Arbitrary<{ fields: [string, string][]; head: string }> = fc
  .array(fc.tuple(fc.stringMatching(/^x-[a-z]{1,6}$/), fc.stringMatching(/^[!-~]([ -~]{0,12}[!-~])?$/)), { maxLength: 12 })
  .map((fields) => ({
    fields,
    head: `GET /a?b HTTP/1.1\r\nHost: h\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  }))

const responseField = fc.constantFrom(
  'Content-Length: 5',
  'Content-Length: 3',
  'Content-Length: -1',
  'Content-Length: 5, 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked ',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: x-hop, close',
  'Keep-Alive: timeout=5',
  'Set-Cookie: a=b',
  'Content-Type: text/plain',
  'X: a\nb',
  ' folded',
)
const statusLine = mostly(
  fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 200 ', 'HTTP/1.0 200 OK'),
  fc.constantFrom(
    'HTTP/1.1 200',
    'HTTP/1.1 20 OK',
    'HTTP/2 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 2000 OK',
    'ICY 200 OK',
    'HTTP/1.1 099 X',
  ),
)

const chunkExtension = fc.oneof(
  { weight: 5, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(';a', ';a=b', ';a="b;c\\""', ';', ' ', ';a=', ';"x"', ';a=b=c', ';a="b"c') },
)
const chunk = fc
  .tuple(fc.stringMatching(/^[a-z\r\n]{1,20}$/), chunkExtension)
  .map(([text, extension]) => `${text.length.toString(16)}${extension}\r\n${text}\r\n`)
const trailer = fc.constantFrom('', '', 'X: y\r\n', 'X: y\r\nZ:\r\n', 'Content-Length: 3\r\n', 'bad line\r\n', ' fold\r\n')

/** Chunked bodies, with surplus octets behind some. */
export const chunkedBody: fc.Arbitrary<Buffer> = damaged(
  fc
    .tuple(fc.array(chunk, { maxLength: 5 }), fc.constantFrom('0', '00', '0;a=b'), trailer)
    .map(([chunks, last, trailers]) => `${chunks.join('')}${last}\r\n${trailers}\r\n`),
)

/** Response heads, then octets that may be their body. */
export const response: fc.Arbitrary<Buffer> = fc
  .tuple(
    damaged(
      fc
        .tuple(statusLine, fc.array(responseField, { maxLength: 4 }), fc.array(lineEnd, { minLength: 1, maxLength: 6 }))
        .map(([first, fields, ends]) => lines(first, fields, ends)),
    ),
    fc.oneof(fc.constantFrom(Buffer.from('hello'), Buffer.from(''), Buffer.from('abc')), chunkedBody),
  )
  .map((parts) => Buffer.concat(parts))
