/** Headers of the PROXY protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt defines them. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** `source` is the client's address, without a port; undefined where the header names none and that of the connection holds. */
export type ProxyHeader = { readonly lengthBytes: number; readonly source: string | undefined }

const TEXT_START = Buffer.from('PROXY ', 'latin1')
const TEXT_LIMIT_BYTES = 107
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const FIXED_BYTES = 16
/** The format has room for 64 KB; proxies add a few hundred bytes to the addresses. */
const REST_LIMIT_BYTES = 4096

/** Reads the header that `bytes` begin with, as strictly as the definition allows. What follows it is not looked at. */
export const parseProxyHeader = (bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' => {
  if (begins(bytes, SIGNATURE)) return parseBinary(bytes)
  return begins(bytes, TEXT_START) ? parseText(bytes) : 'malformed'
}

const begins = (bytes: Buffer, start: Buffer): boolean => {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

const PORT = '(?:0|[1-9]\\d{0,4})'
const TCP = new RegExp(`^PROXY TCP([46]) ([\\da-fA-F:.]+) ([\\da-fA-F:.]+) (${PORT}) (${PORT})$`)
const UNKNOWN = /^PROXY UNKNOWN(?: .*)?$/

const parseText = (bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' => {
  const end = bytes.subarray(0, TEXT_LIMIT_BYTES).indexOf('\r\n')
  if (end === -1) return bytes.length < TEXT_LIMIT_BYTES ? 'incomplete' : 'malformed'
  const line = bytes.toString('latin1', 0, end)
  const lengthBytes = end + 2
  if (UNKNOWN.test(line)) return { lengthBytes, source: undefined }
  const [, family, source = '', destination = '', ...ports] = TCP.exec(line) ?? []
  const isAddress = family === '6' ? isIPv6 : isIPv4
  if (!isAddress(source) || !isAddress(destination) || ports.some((port) => Number(port) > 65_535)) return 'malformed'
  return { lengthBytes, source: family === '6' ? canonical(source) : source }
}

const LOCAL = 0x20
const PROXY = 0x21
const TCP4 = 0x11
const TCP6 = 0x21
/** By family and transport. Other than TCP must be taken as if no address were given: UDP, Unix sockets. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [TCP4, 12],
  [0x12, 12],
  [TCP6, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
])

const parseBinary = (bytes: Buffer): ProxyHeader | 'incomplete' | 'malformed' => {
  if (bytes.length < FIXED_BYTES) return 'incomplete'
  const [command, family] = [bytes[12]!, bytes[13]!]
  const restBytes = bytes.readUInt16BE(14)
  if ((command !== LOCAL && command !== PROXY) || restBytes > REST_LIMIT_BYTES) return 'malformed'
  // A proxy that speaks for itself may say anything here.
  const addressBytes = command === LOCAL ? 0 : ADDRESS_BYTES.get(family)
  if (addressBytes === undefined || restBytes < addressBytes) return 'malformed'
  const lengthBytes = FIXED_BYTES + restBytes
  if (bytes.length < lengthBytes) return 'incomplete'
  return { lengthBytes, source: command === LOCAL ? undefined : sourceOf(bytes.subarray(FIXED_BYTES), family) }
}

const sourceOf = (addresses: Buffer, family: number): string | undefined => {
  if (family === TCP4) return addresses.subarray(0, 4).join('.')
  if (family !== TCP6) return undefined
  const groups = Array.from({ length: 8 }, (_, group) => addresses.readUInt16BE(2 * group).toString(16))
  return canonical(groups.join(':'))
}

/** One address has many spellings, and the rest of the program compares texts. */
const canonical = (address: string): string => new SocketAddress({ address, family: 'ipv6' }).address
