/** PROXY protocol headers as proxies write them, in latin1. */

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const LOCAL = 0x20
const PROXY = 0x21

const bytes = (...values: number[]): string => String.fromCharCode(...values)
const word = (value: number): string => bytes(value >> 8, value & 255)

/** Version 2 with any command, family and what comes after the length. */
export const binary = (command: number, family: number, rest = '', length = rest.length): string =>
  SIGNATURE + bytes(command, family) + word(length) + rest

export const octetsOf = (ipv4: string): string => bytes(...ipv4.split('.').map(Number))

/** Of eight groups, none left out. */
export const groupsOf = (ipv6: string): string =>
  ipv6
    .split(':')
    .map((group) => word(Number.parseInt(group, 16)))
    .join('')

const PORTS = word(50_000) + word(443)

export const tcp4 = (source: string, extra = ''): string => binary(PROXY, 0x11, octetsOf(source) + octetsOf('198.51.100.1') + PORTS + extra)
export const tcp6 = (source: string, extra = ''): string =>
  binary(PROXY, 0x21, groupsOf(source) + groupsOf('0:0:0:0:0:0:0:1') + PORTS + extra)
export const local = (rest = ''): string => binary(LOCAL, 0, rest)
export const text4 = (source: string): string => `PROXY TCP4 ${source} 198.51.100.1 50000 443\r\n`
export const text6 = (source: string): string => `PROXY TCP6 ${source} ::1 50000 443\r\n`

/** A type-length-value as load balancers add them. */
export const extension = (type: number, value: string): string => bytes(type) + word(value.length) + value
