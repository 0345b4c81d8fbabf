import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseProxyHeader } from '../../../workers/proxy-protocol/header.ts'
import { binary, extension, groupsOf, local, tcp4, tcp6, text4, text6 } from './headers.ts'

const parse = (header: string) => parseProxyHeader(Buffer.from(header, 'latin1'))
const LONGEST = `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`

describe('a header', () => {
  test.each([
    ['of version 1', text4('203.0.113.7'), '203.0.113.7'],
    ['of version 1 for IPv6', text6('2001:db8::7'), '2001:db8::7'],
    ['with an address spelt at length', text6('2001:0DB8:0:0:0:0:0:0007'), '2001:db8::7'],
    ['for an unknown client', 'PROXY UNKNOWN\r\n', undefined],
    ['for an unknown client with addresses', 'PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n', undefined],
    ['of 107 bytes', LONGEST, undefined],
    ['of version 2', tcp4('203.0.113.7'), '203.0.113.7'],
    ['of version 2 for IPv6', tcp6('2001:db8:0:0:0:0:0:7'), '2001:db8::7'],
    ['with extensions', tcp4('203.0.113.7', extension(0x02, 'site.example') + extension(0xea, '\x01vpce')), '203.0.113.7'],
    ['of the proxy itself', local(), undefined],
    ['of the proxy itself with more behind', local('whatever'), undefined],
    ['of the proxy itself that names a family', binary(0x20, 0x99), undefined],
    ['without a family', binary(0x21, 0x00, 'x'), undefined],
    ['for a client on UDP', binary(0x21, 0x12, 'x'.repeat(12)), undefined],
    ['for a client on a Unix socket', binary(0x21, 0x31, 'x'.repeat(216)), undefined],
  ])('%s gives the source, and ends where it ends', (_, header, source) => {
    expect(parse(header)).toEqual({ lengthBytes: header.length, source })
    expect(parse(`${header}GET / HTTP/1.1\r\n\r\n`)).toEqual({ lengthBytes: header.length, source })
    for (let length = 0; length < header.length; length++) expect(parse(header.slice(0, length))).toBe('incomplete')
  })

  test.each([
    'GET / HTTP/1.1\r\n',
    'PROXY\r\n',
    'PROXY \r\n',
    'proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n',
    'PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n',
    'PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n',
    'PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3 1 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 01\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n',
    'PROXY TCP4 ::1 ::1 1 1\r\n',
    'PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n',
    'PROXY TCP6 1::2::3 ::1 1 1\r\n',
    'PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n',
    'PROXY UNKNOWNS\r\n',
    'PROXY UNKNOWN a\nb\r\n',
    `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`,
    binary(0x11, 0x11, 'x'.repeat(12)),
    binary(0x22, 0x11, 'x'.repeat(12)),
    binary(0x21, 0x11, 'x'.repeat(11)),
    binary(0x21, 0x21, 'x'.repeat(35)),
    binary(0x21, 0x31, 'x'.repeat(215)),
    binary(0x21, 0x13, 'x'.repeat(12)),
    binary(0x21, 0x41, 'x'.repeat(12)),
    binary(0x20, 0x00, '', 4097),
    tcp4('1.2.3.4').replace('QUIT', 'QUIZ'),
  ])('cannot be %j', (header) => {
    expect(parse(header)).toBe('malformed')
  })

  test('whose source is IPv6 has it in the one spelling of each address', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
    fc.assert(
      fc.property(fc.array(fc.oneof(group, fc.constant('0')), { minLength: 8, maxLength: 8 }), (groups) => {
        const address = groups.join(':')
        const [short, long] = [parse(tcp6(address)), parse(text6(address))]
        expect(short).toMatchObject({ source: expect.any(String) })
        expect(long).toMatchObject({ source: (short as { source: string }).source })
        expect(parse(text6((short as { source: string }).source))).toMatchObject({ source: (short as { source: string }).source })
        expect(groupsOf(address)).toHaveLength(16)
      }),
    )
  })
})

const START = fc.constantFrom(
  '',
  'PROXY ',
  'PROXY TCP4 ',
  'PROXY TCP6 ',
  'PROXY UNKNOWN',
  tcp4('1.2.3.4').slice(0, 12),
  tcp4('1.2.3.4'),
  local(),
)
const OCTETS = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 200 })

test('more bytes never change what has been found', () => {
  fc.assert(
    fc.property(START, OCTETS, (start, rest) => {
      const whole = start + rest
      const outcome = parse(whole)
      for (let length = 0; length < whole.length; length++) {
        const earlier = parse(whole.slice(0, length))
        if (earlier !== 'incomplete') expect(outcome).toEqual(earlier)
        if (typeof earlier === 'object') expect(earlier.lengthBytes).toBeLessThanOrEqual(length)
      }
    }),
  )
})
