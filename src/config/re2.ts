/** Go's RE2 dialect, in which existing files are written, to JavaScript's. */
export type Translated = { readonly source: string } | { readonly problem: string }

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}
const RE2_SPACE = '\\t\\n\\f\\r '
const LITERAL = /[\\^$.*+?()[\]{}|/-]/g

/** The source of an equal `RegExp` without flags, or why there is none. */
export const translateRe2 = (pattern: string): Translated => {
  try {
    const source = translate(pattern)
    new RegExp(source)
    return { source }
  } catch (error) {
    if (error instanceof Untranslatable) return { problem: error.message }
    return { problem: error instanceof SyntaxError ? error.message.replace(/^Invalid regular expression: /, '') : String(error) }
  }
}

class Untranslatable extends Error {}

const translate = (pattern: string): string => {
  let out = ''
  let index = 0
  // The groups that stand for flags such as `(?i)`: they reach to the end of the group around them, through each `|`.
  const flagged: string[][] = [[]]
  while (index < pattern.length) {
    const rest = pattern.slice(index)
    const character = rest[0]!
    if (character === '\\') {
      const [text, length] = translateEscape(rest, false)
      out += text
      index += length
    } else if (character === '[') {
      const [text, length] = translateClass(rest)
      out += text
      index += length
    } else if (character === '(') {
      const [text, length, opens] = translateOpening(rest)
      out += text
      index += length
      if (opens === 'group') flagged.push([])
      else flagged.at(-1)!.push(text)
    } else {
      const flags = flagged.at(-1)!
      out += character === ')' || character === '|' ? ')'.repeat(flags.length) + character : character
      if (character === '|') out += flags.join('')
      if (character === ')' && flagged.length > 1) flagged.pop()
      index += 1
    }
  }
  return out + ')'.repeat(flagged[0]!.length)
}

const translateOpening = (rest: string): [text: string, length: number, opens: 'group' | 'flags'] => {
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest)
  if (named) return [`(?<${named[1]}>`, named[0].length, 'group']
  if (/^\(\?<?[=!]/.test(rest)) throw new Untranslatable('look-around is not part of the RE2 dialect')
  if (rest.startsWith('(?P')) throw new Untranslatable(`"${rest.slice(0, 4)}" is not a group that can be translated`)
  const flags = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/.exec(rest)
  if (!flags) return ['(', 1, 'group']
  const [whole, on = '', off = '', end] = flags
  if (/[^ims]/.test(on + off)) throw new Untranslatable(`flag group "${whole}" cannot be translated`)
  return [`(?${on}${off ? `-${off}` : ''}:`, whole.length, end === ':' ? 'group' : 'flags']
}

const translateEscape = (rest: string, inClass: boolean): [text: string, length: number] => {
  const quoted = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest)
  if (quoted) return [quoted[1]!.replace(LITERAL, '\\$&'), quoted[0].length]
  const code = /^\\x\{([0-9A-Fa-f]{1,6})\}/.exec(rest) ?? /^\\x([0-9A-Fa-f]{2})/.exec(rest)
  if (code) return [codeUnit(Number.parseInt(code[1]!, 16)), code[0].length]
  const octal = /^\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
  if (octal) return [codeUnit(Number.parseInt(octal[1]!, 8)), octal[0].length]
  const letter = rest[1]
  if (letter === undefined) throw new Untranslatable('it ends with a lone backslash')
  return [inClass ? escapeInClass(letter) : escapeOutside(letter), 2]
}

const escapeOutside = (letter: string): string => {
  if (letter === 'A') return '(?<![^])'
  if (letter === 'z') return '(?![^])'
  if (letter === 'a') return '\\x07'
  if (letter === 's') return `[${RE2_SPACE}]`
  if (letter === 'S') return `[^${RE2_SPACE}]`
  if ('bBdDwWnrtfv'.includes(letter) || !/[A-Za-z0-9]/.test(letter)) return `\\${letter}`
  throw new Untranslatable(/\d/.test(letter) ? 'back-references are not part of the RE2 dialect' : `"\\${letter}" cannot be translated`)
}

const escapeInClass = (letter: string): string => {
  if (letter === 's') return RE2_SPACE
  if (letter === 'a') return '\\x07'
  if ('dDwWnrtfv'.includes(letter) || !/[A-Za-z0-9]/.test(letter)) return `\\${letter}`
  throw new Untranslatable(`"\\${letter}" in […] cannot be translated`)
}

const codeUnit = (code: number): string => {
  if (code > 0xffff) throw new Untranslatable(`\\x{${code.toString(16)}} cannot be translated`)
  return `\\u${code.toString(16).padStart(4, '0')}`
}

const translateClass = (rest: string): [text: string, length: number] => {
  const opening = /^\[\^?/.exec(rest)![0]
  let out = opening
  let index = opening.length
  // A bracket that comes first is an ordinary character in RE2; in JavaScript it would end the class.
  if (rest[index] === ']') {
    out += '\\]'
    index += 1
  }
  while (index < rest.length && rest[index] !== ']') {
    const [text, length] = translateClassPart(rest.slice(index))
    out += text
    index += length
  }
  if (index >= rest.length) throw new Untranslatable('a [ is not closed')
  return [`${out}]`, index + 1]
}

const translateClassPart = (rest: string): [text: string, length: number] => {
  const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest)
  if (posix) {
    const members = POSIX[posix[2]!]
    if (!members || posix[1]) throw new Untranslatable(`"${posix[0]}" cannot be translated`)
    return [members, posix[0].length]
  }
  if (rest[0] === '\\') return translateEscape(rest, true)
  return [rest[0] === '[' ? '\\[' : rest[0]!, 1]
}
