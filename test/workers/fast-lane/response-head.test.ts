import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkScanner, MALFORMED } from '../../../workers/fast-lane/chunked.ts'
import { DECLINED, INCOMPLETE } from '../../../workers/fast-lane/field-line.ts'
import { createResponseHead, parseResponseHead, type ResponseHead } from '../../../workers/fast-lane/response-head.ts'
import { response } from './generated.ts'
import { responseIn } from './llhttp.ts'

const parse = (text: string | Buffer): { length: number; head: ResponseHead } => {
  const octets = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
  const head = createResponseHead()
  return { length: parseResponseHead(octets, octets.length, head), head }
}

const ok = (...fields: string[]) => `HTTP/1.1 200 OK\r\n${[...fields, '', ''].join('\r\n')}`

/** Where the body of a response in `octets` ends, as this lane would relay it; undefined when it would not. */
const bodyEnd = (octets: Buffer, length: number, head: ResponseHead): number | undefined => {
  if (head.chunked) {
    const scanner = new ChunkScanner()
    const end = scanner.scan(octets, length, octets.length)
    return end !== MALFORMED && scanner.isDone ? end : undefined
  }
  if (head.contentLength < 0) return octets.length
  return length + head.contentLength <= octets.length ? length + head.contentLength : undefined
}

describe('a response head', () => {
  test('in the plain form is taken, with how its body ends', () => {
    expect(parse(ok('Content-Length: 5')).head).toMatchObject({ status: 200, contentLength: 5, chunked: false, close: false })
    expect(parse(ok('Transfer-Encoding: chunked', 'Connection: close')).head).toMatchObject({
      contentLength: -1,
      chunked: true,
      close: true,
    })
    expect(parse('HTTP/1.0 200 OK\r\n\r\n').head).toMatchObject({ isHttp10: true, close: true })
  })

  test.each([
    ['a length and a transfer coding', ok('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['two lengths', ok('Content-Length: 5', 'Content-Length: 5')],
    ['a signed length', ok('Content-Length: +5')],
    ['an unknown transfer coding', ok('Transfer-Encoding: gzip, chunked')],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx'],
    ['no HTTP at all', 'lorem ipsum dolor'],
    ['a connection option naming its framing', ok('Connection: content-length', 'Content-Length: 5')],
    ['a transfer coding in version 1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('with %s is declined', (_what, text) => {
    expect(parse(text).length).toBe(DECLINED)
  })

  test('leaves out the fields its Connection names', () => {
    const text = ok('X-Hop: 1', 'Connection: x-hop, close', 'X-Stay: 2', 'x-hop: 3')
    const { head } = parse(text)
    const cut = Array.from({ length: head.cuts.count }, (_, i) => text.slice(head.cuts.spans[2 * i], head.cuts.spans[2 * i + 1]))
    expect(cut.join('')).toBe('X-Hop: 1\r\nConnection: x-hop, close\r\nx-hop: 3\r\n')
    expect(head.close).toBe(true)
  })

  test('cut short anywhere is incomplete, never declined, when the whole is taken', () => {
    fc.assert(
      fc.property(response, (octets) => {
        const { length } = parse(octets)
        if (length <= 0) return
        for (let end = 0; end < length; end++) expect(parse(octets.subarray(0, end)).length).toBe(INCOMPLETE)
      }),
      { numRuns: 2_000 },
    )
  })

  test('and body taken here are read the same by llhttp', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(response, async (octets) => {
        const { length, head } = parse(octets)
        if (length <= 0 || head.status < 200 || head.status === 204 || head.status === 304) return
        const end = bodyEnd(octets, length, head)
        if (end === undefined) return
        taken++
        const seen = await responseIn(octets.subarray(0, end), 'GET')
        if (seen === 'refused') throw new Error(`llhttp refuses ${JSON.stringify(octets.toString('latin1'))}`)
        expect(seen).toMatchObject({ status: head.status, isComplete: true })
        if (!head.chunked) expect(seen.body).toBe(octets.toString('latin1', length, end))
      }),
      { numRuns: 3_000 },
    )
    expect(taken).toBeGreaterThan(200)
  })
})
