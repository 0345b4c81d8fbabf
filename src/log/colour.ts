import { styleText } from 'node:util'

/** A style name of Node's `styleText`. */
export type Colour = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>

/** Text in a colour, whatever stdout is: who calls has decided that it goes to a terminal. */
export const paint = (colour: Colour, text: string): string => styleText(colour, text, { validateStream: false })

const NAMES: readonly Colour[] = ['cyan', 'magenta', 'blue', 'green', 'yellow', 'cyanBright', 'magentaBright', 'blueBright', 'greenBright']

/** The same colour for the same name, so that a tenant's lines are seen together. */
export const colourOf = (name: string): Colour => {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) >>> 0
  return NAMES[hash % NAMES.length]!
}
