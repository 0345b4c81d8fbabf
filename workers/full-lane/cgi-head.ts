/** The head of a CGI script's output (RFC 3875 §6). */
import type { HeaderList } from '../exchange.ts'
import { isHopByHop } from '../forwarding.ts'

const HEAD_LIMIT_BYTES = 64 * 1024
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const FIELD = /^([!#$%&'*+.^_`|~\w-]+):[\t ]*(.*?)[\t ]*$/
const UNPRINTABLE = /[^\t\x20-\x7e\x80-\xff]/

export type ScriptHead = {
  readonly kind: 'head'
  readonly status: number
  readonly fields: HeaderList
  /** Declared octets of the body. */
  readonly length: number | undefined
  /** Another path here whose answer is to be given instead. */
  readonly localRedirect: string | undefined
}

export type HeadFault = { readonly kind: 'fault'; readonly reason: string }

/** Gathers output until the head is whole. */
export type HeadReader = {
  /** Gives what comes after the head once that is whole, and 'too long' past 64 KiB. */
  push(chunk: Buffer): Buffer | 'too long' | undefined
  /** What has been gathered, whole or not. */
  read(): ScriptHead | HeadFault
}

export const createHeadReader = (): HeadReader => {
  let gathered: Buffer = Buffer.alloc(0)
  return {
    push(chunk) {
      // From a little before the new octets: the empty line may stand across two chunks.
      const from = Math.max(0, gathered.length - 2)
      gathered = Buffer.concat([gathered, chunk])
      const end = headEnd(gathered, from)
      if (end > HEAD_LIMIT_BYTES || (end === -1 && gathered.length > HEAD_LIMIT_BYTES)) return 'too long'
      if (end === -1) return undefined
      const rest = gathered.subarray(end)
      gathered = gathered.subarray(0, end)
      return rest
    },
    read: () => parseScriptHead(gathered.toString('latin1')),
  }
}

/** Behind the empty line, or -1. */
const headEnd = (bytes: Buffer, from: number): number => {
  for (let at = bytes.indexOf(NEWLINE, from); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) {
    const next = bytes[at + 1] === CARRIAGE_RETURN ? at + 2 : at + 1
    if (bytes[next] === NEWLINE) return next + 1
  }
  return -1
}

const fault = (reason: string): HeadFault => ({ kind: 'fault', reason })

const parseScriptHead = (text: string): ScriptHead | HeadFault => {
  const fields: [name: string, value: string][] = []
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue
    const [, name, value] = FIELD.exec(line) ?? []
    if (name === undefined || value === undefined || UNPRINTABLE.test(value)) return fault('a line of its head is no field')
    fields.push([name, value])
  }
  return fields.length === 0 ? fault('it wrote no head') : interpret(fields)
}

const interpret = (fields: HeaderList): ScriptHead | HeadFault => {
  const all = (wanted: string) => fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  const [statusLine] = all('status')
  const [location] = all('location')
  const lengths = new Set(all('content-length'))
  const [length] = lengths
  const status = statusLine === undefined ? (location === undefined ? 200 : 302) : Number(/^\d{3}(?= |$)/.exec(statusLine)?.[0])
  if (!(status >= 200 && status <= 599)) return fault(`its Status "${statusLine}" is none`)
  if (lengths.size > 1 || (length !== undefined && !/^\d{1,15}$/.test(length))) return fault('its Content-Length is none')
  return {
    kind: 'head',
    status,
    fields: fields.filter(([name]) => name.toLowerCase() !== 'status' && !isHopByHop(name.toLowerCase())),
    length: length === undefined ? undefined : Number(length),
    // `//host/path` leads to another host.
    localRedirect: statusLine === undefined && location !== undefined && /^\/(?!\/)/.test(location) ? location : undefined,
  }
}
