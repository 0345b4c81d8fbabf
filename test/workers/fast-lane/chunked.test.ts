import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkScanner, MALFORMED } from '../../../workers/fast-lane/chunked.ts'
import { chunkedBody } from './generated.ts'
import { responseIn } from './llhttp.ts'

/** The end found when the octets come in the given pieces: an offset, MALFORMED, or undefined while more is needed. */
const scanPieces = (octets: Buffer, cuts: readonly number[]): number | undefined => {
  const scanner = new ChunkScanner()
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (octets.length + 1)), octets.length])].sort((a, b) => a - b)
  for (let i = 0; i + 1 < edges.length; i++) {
    const end = scanner.scan(octets, edges[i]!, edges[i + 1]!)
    if (end === MALFORMED || scanner.isDone) return end
  }
  return undefined
}

const scan = (text: string) => scanPieces(Buffer.from(text, 'latin1'), [])

describe('a chunked body', () => {
  test('ends exactly behind its trailers, whatever follows', () => {
    const body = '5;x="a;\\"b"\r\nhello\r\n3;y\r\nabc\r\n0\r\nT: v\r\n\r\n'
    expect(scan(`${body}HTTP/1.1 200 OK`)).toBe(body.length)
  })

  test.each([
    '5 \r\nhello\r\n',
    '5\nhello\r\n',
    '5\r\nhelloX',
    ';a\r\n',
    '0x5\r\n',
    '-5\r\n',
    '5;\r\n',
    '5;a="\r\n',
    '0\r\nbad line\r\n',
    '0\r\nContent-Length: 5\r\n',

    '1234567890123\r\n',
  ])('like %j is malformed', (text) => expect(scan(text)).toBe(MALFORMED))

  test('with extensions or trailers past their limits is malformed', () => {
    expect(scan(`0;a=${'x'.repeat(300)}`)).toBe(MALFORMED)
    expect(scan(`0\r\nT: ${'x'.repeat(9000)}`)).toBe(MALFORMED)
  })

  test('gives the same result in any pieces as whole', () => {
    fc.assert(
      fc.property(chunkedBody, fc.array(fc.nat(), { maxLength: 8 }), (octets, cuts) => {
        expect(scanPieces(octets, cuts)).toBe(scanPieces(octets, []))
        expect(
          scanPieces(
            octets,
            Array.from(octets, (_, i) => i),
          ),
        ).toBe(scanPieces(octets, []))
      }),
      { numRuns: 2_000 },
    )
  })

  test('taken here is taken by llhttp, and ends at the same octet', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(chunkedBody, async (octets) => {
        const end = scanPieces(octets, [])
        if (end === undefined || end === MALFORMED) return
        taken++
        const head = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        expect(await responseIn(Buffer.concat([head, octets.subarray(0, end)]), 'GET')).toMatchObject({ isComplete: true })
        const short = await responseIn(Buffer.concat([head, octets.subarray(0, end - 1)]), 'GET')
        expect(short === 'refused' || !short.isComplete).toBe(true)
      }),
      { numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(200)
  })
})
