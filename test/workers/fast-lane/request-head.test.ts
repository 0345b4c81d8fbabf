import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DECLINED, INCOMPLETE } from '../../../workers/fast-lane/field-line.ts'
import { createRequestHead, parseRequestHead, type RequestHead } from '../../../workers/fast-lane/request-head.ts'
import { plainRequest, requestHead } from './generated.ts'
import { requestsIn } from './llhttp.ts'

const parse = (text: string | Buffer): { length: number; head: RequestHead } => {
  const octets = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
  const head = createRequestHead()
  return { length: parseRequestHead(octets, octets.length, head), head }
}

const get = (...fields: string[]) => `GET /a HTTP/1.1\r\n${['Host: h', ...fields, '', ''].join('\r\n')}`

/** Names and values as llhttp gives them: values trimmed. */
const fieldsOf = (octets: Buffer, head: RequestHead): string[] =>
  octets
    .toString('latin1', head.fieldsStart, head.end - 4)
    .split('\r\n')
    .flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^[ \t]+|[ \t]+$/g, '')])

describe('a request head', () => {
  test('in the plain form is taken, with where its parts lie', () => {
    const text = 'POST /a/b?c=d HTTP/1.1\r\nHost: example.org:80\r\nContent-Length: 12\r\nConnection: close\r\n\r\nbody'
    const { length, head } = parse(text)
    expect(length).toBe(text.length - 4)
    expect(head).toMatchObject({ method: 'POST', contentLength: 12, close: true, websocket: false })
    expect(text.slice(head.targetStart, head.pathEnd)).toBe('/a/b')
    expect(text.slice(head.targetStart, head.targetEnd)).toBe('/a/b?c=d')
  })

  test.each([
    ['a transfer coding', get('Transfer-Encoding: chunked')],
    ['an expectation', get('Expect: 100-continue', 'Content-Length: 1')],
    ['an upgrade to anything but WebSocket', get('Connection: Upgrade', 'Upgrade: h2c')],
    ['an upgrade its Connection does not name', get('Upgrade: websocket')],
    ['a connection option naming a field', get('Connection: close, X-Foo', 'X-Foo: 1')],
    ['two lengths', get('Content-Length: 1', 'Content-Length: 1')],
    ['a signed length', get('Content-Length: +1')],
    ['a list of lengths', get('Content-Length: 1, 1')],
    ['a length followed by a tab', get('Content-Length: 1\t')],
    ['a space before a colon', get('X : y')],
    ['a folded line', get('X: a', ' b')],
    ['a bare CR', get('X: a\rb')],
    ['a bare LF', get('X: a\nb')],
    ['a NUL', get('X: a\0b')],
    ['an underscore in a name', get('X_Forwarded_For: 1.2.3.4')],
    ['two hosts', get('Host: i')],
    ['an odd host', 'GET /a HTTP/1.1\r\nHost: h/i\r\n\r\n'],
    ['no host', 'GET /a HTTP/1.1\r\nX: yyyyyyy\r\n\r\n'],
    ['version 1.0', 'GET /a HTTP/1.0\r\nHost: h\r\n\r\n'],
    ['no version', 'GET /a\r\n'],
    ['the absolute form', 'GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['the asterisk form', 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['another method', 'TRACE /a HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['more than 100 fields', get(...Array.from({ length: 100 }, (_, i) => `X-${i}: y`))],
  ])('with %s is left to the full lane', (_what, text) => {
    expect(parse(text).length).toBe(DECLINED)
  })

  test.each([
    '//a',
    '/a//b',
    '/./a',
    '/a/..',
    '/a/../b',
    '/a/.?x',
    '/%2e/a',
    '/a%2Fb',
    '/a%5cb',
    '/a%00',
    '/a%7f',
    '/%zz',
    '/%4',
    '/a\\b',
    '/a#b',
    '/é',
  ])('for %s is left to the full lane', (target) => {
    expect(parse(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).length).toBe(DECLINED)
  })

  test.each(['/', '/.well-known/acme', '/a.b/c..d', '/a%20b', '/%E9', '/a?x=//../%zz', '/a/?b[]=1'])('for %s is taken', (target) => {
    expect(parse(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).length).toBeGreaterThan(0)
  })

  test('is understood as a WebSocket upgrade in the forms browsers send', () => {
    expect(parse(get('Connection: Upgrade', 'Upgrade: websocket')).head.websocket).toBe(true)
    expect(parse(get('Connection: keep-alive, Upgrade', 'Upgrade: WebSocket')).head.websocket).toBe(true)
  })

  test('cut short anywhere is incomplete, never declined, when the whole is taken', () => {
    fc.assert(
      fc.property(requestHead, (octets) => {
        const { length } = parse(octets)
        for (let end = 0; end < octets.length; end++) {
          const part = parse(octets.subarray(0, end)).length
          if (length > 0) expect(part).toBe(end < length ? INCOMPLETE : length)
          else if (length === INCOMPLETE) expect(part).toBe(INCOMPLETE)
          else expect(part).toBeLessThanOrEqual(0)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('taken here is read the same by llhttp: method, target, fields and where the body ends', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(requestHead, async (octets) => {
        const { length, head } = parse(octets)
        if (length <= 0 || length !== octets.length) return
        taken++
        const bodyLength = Math.max(0, head.contentLength)
        const count = head.close || head.websocket ? 1 : 2
        const behind = count === 1 ? '' : 'GET /probe HTTP/1.1\r\nHost: h\r\n\r\n'
        const seen = await requestsIn(Buffer.concat([octets, Buffer.from('x'.repeat(bodyLength) + behind)]), count)
        if (seen === 'refused') throw new Error(`llhttp refuses ${JSON.stringify(octets.toString('latin1'))}`)
        expect(seen[0]).toEqual({
          method: head.method,
          target: octets.toString('latin1', head.targetStart, head.targetEnd),
          fields: fieldsOf(octets, head),
          bodyLength,
        })
        if (count === 2) expect(seen[1]!.target).toBe('/probe')
      }),
      { numRuns: 3_000 },
    )
    expect(taken).toBeGreaterThan(200)
  })

  test('passes on what the client says about its way here only when told to trust it', () => {
    const octets = Buffer.from(get('Forwarded: for=x', 'X-Forwarded-Port: 1', 'X-Forwarded-For: 1.2.3.4'))
    for (const trustProxy of [false, true]) {
      const head = createRequestHead()
      head.trustProxy = trustProxy
      parseRequestHead(octets, octets.length, head)
      const cut = Array.from({ length: head.cuts.count }, (_, i) =>
        octets.toString('latin1', head.cuts.spans[2 * i], head.cuts.spans[2 * i + 1]),
      )
      const claims = 'Forwarded: for=x\r\nX-Forwarded-Port: 1\r\n'
      expect(cut.join('')).toBe(`${trustProxy ? '' : claims}X-Forwarded-For: 1.2.3.4\r\n`)
    }
  })

  test('keeps every end-to-end field, duplicate and order when its cuts are left out', () => {
    fc.assert(
      fc.property(
        plainRequest,
        fc.array(fc.constantFrom('Connection: keep-alive', 'Keep-Alive: 5', 'TE: x', 'Proxy-Connection: x')),
        ({ head: text, fields }, hops) => {
          const withHops = text.replace('\r\n\r\n', `${hops.map((hop) => `\r\n${hop}`).join('')}\r\n\r\n`)
          const { length, head } = parse(withHops)
          expect(length).toBe(withHops.length)
          const { count, spans } = head.cuts
          let kept = withHops
          for (let i = count - 1; i >= 0; i--) kept = kept.slice(0, spans[2 * i]!) + kept.slice(spans[2 * i + 1]!)
          expect(kept.split('\r\n').slice(2, -2)).toEqual(fields.map(([name, value]) => `${name}: ${value}`))
        },
      ),
    )
  })
})
