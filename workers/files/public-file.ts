/** A file as it is served: with what headers, and in which codings. */
import type { StaticFilesConfig } from '../../src/config/config.ts'
import type { Coding } from '../accept-encoding.ts'
import { type CompressionConfig, isWorthCompressing } from '../compression-policy.ts'
import type { HeaderList } from '../exchange.ts'
import type { FileFacts } from './facts.ts'
import { httpDate } from './http-date.ts'
import { mediaTypeOf } from './media-type.ts'
import type { FoundFile } from './mount.ts'

/** One form of a file: its own octets, or those of a compressed file beside it. */
export type Representation = {
  /** Absolute; of the compressed file where it is one. */
  readonly path: string
  readonly coding: Coding | undefined
  readonly facts: FileFacts
  /** Of an answer with status 200, without Content-Length and Date. */
  readonly headers: HeaderList
  /** What has been found out about the file. */
  readonly look: Look
  /** Whether memory is for it: it is found by its path, time and again. */
  readonly mayBeKept: boolean
  /** Whether memory may hold compressed forms of it. */
  readonly mayBeCompressed: boolean
}

/** What was found when a path was looked for. Looked for anew after a second, or as soon as it is known to be wrong. */
export type Look = {
  /** In ms since the epoch; 0 when it is known to be out of date. */
  at: number
  found: Found
}

/** The first representation is the file itself; compressed ones follow in the order of preference. */
export type Found =
  | { readonly kind: 'file'; readonly representations: readonly Representation[] }
  /** A directory with an `index.html`, asked for without its last slash. */
  | { readonly kind: 'directory' }
  | { readonly kind: 'nothing' }

/** Modification times at the very epoch are what reproducible builds write in place of the truth. */
const EPOCH_MS = 86_400_000

/** Representations of what was found at the URL path `path`, for which `cacheControl` holds. */
export const describe = (
  forms: readonly FoundFile[],
  about: {
    readonly look: Look
    readonly now: number
    readonly cacheControl: string | undefined
    readonly headers: StaticFilesConfig['headers']
    readonly compression: CompressionConfig | undefined
  },
): readonly Representation[] => {
  const type = mediaTypeOf(forms[0]!.path)
  const mayBeCompressed = forms.length === 1 && mayCompress(type, forms[0]!.facts, about.compression)
  const extra = extraHeaders(about.headers, about.cacheControl !== undefined)
  return forms.map((form) => {
    const headers: [string, string][] = [['Content-Type', type]]
    if (form.coding !== undefined) headers.push(['Content-Encoding', form.coding])
    if (forms.length > 1 || mayBeCompressed) headers.push(['Vary', 'Accept-Encoding'])
    headers.push(['ETag', form.facts.etag])
    if (form.facts.modifiedAt > EPOCH_MS) headers.push(['Last-Modified', httpDate(Math.min(form.facts.modifiedAt, about.now))])
    headers.push(['Accept-Ranges', 'bytes'])
    if (about.cacheControl !== undefined) headers.push(['Cache-Control', about.cacheControl])
    return { ...form, headers: [...headers, ...extra], look: about.look, mayBeKept: true, mayBeCompressed }
  })
}

const mayCompress = (type: string, { size }: FileFacts, compression: CompressionConfig | undefined): boolean =>
  compression !== undefined && size >= compression.minimum_size && isWorthCompressing(type, compression)

const extraHeaders = (headers: StaticFilesConfig['headers'], hasCacheControl: boolean): HeaderList =>
  Object.entries(headers)
    .map(([name, value]) => [name.replaceAll('_', '-'), value] as const)
    .filter(([name]) => !(hasCacheControl && name.toLowerCase() === 'cache-control'))
