/** Kinds of values. Every scalar arrives as text; what a key makes of it is said here. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { translateRe2 } from '../re2.ts'
import { LONGEST_TIMER_MS, parseDuration, parseSize } from '../units.ts'

/**
 * A mapping with exactly these keys. The allowed ones are the message of the issue, for the "did you mean" made from it.
 */
export const section = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(',') : undefined) })

/** A mapping that may be written as the value of one of its keys: `health_check: /up` for `{ path: /up }`. */
export const orScalar = <Schema extends z.ZodType>(key: string, schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' ? { [key]: value } : value), schema).meta({ shorthand: [key] })

/** A mapping from framework to value; a lone value is for every framework, under `*`. */
export const perFramework = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .preprocess((value) => (typeof value === 'string' || Array.isArray(value) ? { '*': value } : value), z.record(z.string(), schema))
    .meta({ shorthand: ['*'] })

type Refusal = { readonly predicate: string; readonly hint: string }

/** How a scalar is written in YAML, whose own types need not be kept to: `8080` may be text, `"8080"` a number. For the JSON Schema. */
export type Written = 'text' | 'word' | 'boolean' | 'integer' | 'duration' | 'size'

/** Text that `read` makes a value of; where it gives undefined, `… "value" <predicate>`. */
export const readable = <Value>(read: (text: string) => Value | undefined, refusal: Refusal, written: Written = 'word') =>
  z
    .string()
    .transform((text, context) => {
      const value = read(text.trim())
      if (value !== undefined) return value
      context.issues.push({ code: 'custom', message: refusal.predicate, input: text, params: { hint: refusal.hint } })
      return z.NEVER
    })
    .meta({ written })

export const text = z.string().meta({ written: 'text' satisfies Written })
export const texts = z.array(text)

/** HTTP methods, in capitals. */
export const methods = texts.transform((list) => list.map((method) => method.toUpperCase()))

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['no', false],
  ['off', false],
])
/** Whether a text is one of those that `bool` reads. */
export const isBool = (text: string): boolean => BOOLEANS.has(text.trim().toLowerCase())

/** `true` or `false`; also YAML 1.1's yes, no, on, off. */
export const bool = readable(
  (value) => BOOLEANS.get(value.toLowerCase()),
  {
    predicate: 'is neither true nor false',
    hint: 'write true or false',
  },
  'boolean',
)

/** An address, or a range of addresses. */
const range = readable((value) => (isRange(value) ? value : undefined), {
  predicate: 'is no address and no range of addresses',
  hint: 'write 10.0.0.1, 10.0.0.0/8 or fdaa::/16',
})

const isRange = (value: string): boolean => {
  const [address = '', bits, more] = value.split('/')
  const most = isIP(address) === 6 ? 128 : 32
  return more === undefined && isIP(address) !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most))
}

/** Nobody, everybody, or those in some ranges; a lone range may stand without brackets. */
export const trust = z
  .preprocess((value) => (typeof value === 'string' && /[.:]/.test(value) ? value.split(',') : value), z.union([bool, z.array(range)]))
  .meta({ orText: true })

/** A name for logs and commands; a tenant's may have slashes. */
export const name = readable((value) => (/^[^\s{}$]+$/.test(value) ? value : undefined), {
  predicate: 'is not a name',
  hint: 'write letters, digits and - . _ without spaces',
})

/** A whole number in a range. */
export const int = (min: number, max: number) =>
  readable(
    (value) => (/^[+-]?\d+$/.test(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined),
    {
      predicate: `is not a whole number from ${min} to ${max}`,
      hint: `write a number such as ${Math.max(min, Math.min(max, 10))}`,
    },
    'integer',
  ).meta({ written: 'integer' satisfies Written, minimum: min, maximum: max })

const DURATION = { predicate: 'is not a duration', hint: 'write 20m, 90s or 1h30m; a bare number is seconds' }
/** A time to wait, in ms. */
export const duration = readable(parseDuration, DURATION, 'duration').refine((value) => value <= LONGEST_TIMER_MS, {
  error: 'is longer than a timer can wait',
  params: { hint: 'write at most 24d' },
})
/** A length of time that no timer waits for, such as the age of a cache, in ms. */
export const age = readable(
  parseDuration,
  { predicate: 'is not a duration', hint: 'write 24h, 30d or 1y; a bare number is seconds' },
  'duration',
)

/** An amount of memory, in bytes. */
export const size = readable(parseSize, { predicate: 'is not a size', hint: 'write 512M, 1.5G or a number of bytes' }, 'size')

/** A regular expression of existing files (RE2), as JavaScript source. */
export const pattern = z.string().transform((value, context) => {
  const translated = translateRe2(value)
  if ('source' in translated) return translated.source
  context.issues.push({
    code: 'custom',
    message: `is a pattern that cannot be used: ${translated.problem}`,
    input: value,
    params: { hint: 'patterns are RE2: groups, classes, (?i); no look-around, no back-references' },
  })
  return z.NEVER
})

/** Names and values of HTTP headers. */
export const headerFields = z.record(z.string(), text).check(({ value, issues }) => {
  for (const [name, content] of Object.entries(value)) {
    const message = !/^[!#$%&'*+.^_`|~\w-]+$/.test(name)
      ? 'stands for a header, whose name cannot be this'
      : /[^\t\x20-\x7e\x80-\xff]/.test(content) && 'cannot stand in a header'
    const hint = 'write Name: value in one line, in Latin letters'
    if (message) issues.push({ code: 'custom', message, input: content, path: [name], params: { hint } })
  }
})

/** A URL path with a slash at both ends. */
export const prefix = readable((value) => (/[?#\s]|\/\/|(^|\/)\.{1,2}(\/|$)/.test(value) ? undefined : `/${value}/`.replace(/\/+/g, '/')), {
  predicate: 'is not a URL path',
  hint: 'write /2025/boston/ (no query, no spaces, no //)',
})

/** A URL path as it is, beginning with a slash. */
export const urlPath = readable((value) => (/^\/[^\s#]*$/.test(value) ? value : undefined), {
  predicate: 'is not a URL path',
  hint: 'begin it with a slash: /up',
})

/** A host name as browsers send it: lower case, no port. */
export const hostname = readable((value) => (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value) ? value.toLowerCase() : undefined), {
  predicate: 'is not a host name',
  hint: 'write app.example.com, without scheme, port or path',
})

/** A host name, or `*.` and a domain for every host below it. */
export const hostPattern = readable(
  (value) => (/^(?:\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$/i.test(value) ? value.toLowerCase() : undefined),
  { predicate: 'is not a host name', hint: 'write app.example.com or *.example.com, without scheme, port or path' },
)

/** Where a server listens, as `host:port`. */
export const hostAndPort = readable((value) => (/^(?:[\w.-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(value) ? value : undefined), {
  predicate: 'is not a host and a port',
  hint: 'write localhost:28080',
})

const LISTEN = {
  predicate: 'is not an address to listen on',
  hint: 'write 3000, 127.0.0.1:3000, [::1]:3000, localhost:3000 or :3000; hosts are numeric',
}
/** A port, or an address and a port. */
export const listen = readable(parseListen, LISTEN)

function parseListen(value: string): { host: string; port: number } | undefined {
  const match = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  if (!match || port > 65_535) return undefined
  const host = hostOf(match[1] ?? match[2] ?? '')
  return isIP(host) ? { host, port } : undefined
}

const hostOf = (name: string): string => {
  if (name === '' || name === '*') return '::'
  return name.toLowerCase() === 'localhost' ? '127.0.0.1' : name
}

const URL_SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:'])
/** An upstream's URL, in which `$1`…`$9` may stand for parts of the request's path. */
export const target = readable((value) => (isTarget(value) ? value : undefined), {
  predicate: 'is not a URL to forward to',
  hint: 'write http://localhost:4001 or https://example.com/api$1',
})

const isTarget = (value: string): boolean =>
  // `http://localhost:9001$1` is a URL only without its group, `http://$1.internal` only with one.
  ['', 'x'].some((group) => {
    const candidate = value.replace(/\$\d/g, group)
    return URL.canParse(candidate) && URL_SCHEMES.has(new URL(candidate).protocol) && /^\w+:\/\//.test(value)
  })
