import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it as it is where nobody would see colours. */
export type Paint = (style: Style, text: string) => string

/** Colours only on a terminal, and not there either with --no-color or NO_COLOR. */
export const paintFor = (stream: { readonly isTTY?: boolean }, { noColor }: { readonly noColor: boolean }): Paint =>
  stream.isTTY && !noColor && !process.env['NO_COLOR']
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text
