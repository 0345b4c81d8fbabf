/** Classes of octets after RFC 9110 and RFC 3986, as tables of 256: one look-up per octet of a head. */
export const TAB = 9
export const LF = 10
export const CR = 13
export const SPACE = 32
export const COLON = 58

const TOKEN_MARKS = "!#$%&'*+-.^_`|~0123456789"
const TARGET_MARKS = "-._~:/?[]@!$&'()*+,;=%0123456789"

/** The lower-case form of an octet that may stand in a token, 0 for all others. */
export const LOWER_TOKEN = new Uint8Array(256)
/** 1 for what may stand in a request target and means nothing to the parser but `/`, `?` and `%`. */
export const TARGET = new Uint8Array(256)
/** 1 for what may stand in a field value: visible octets, space, tab and obs-text. */
export const FIELD_VALUE = new Uint8Array(256)
/** The value of a hexadecimal digit, -1 for all others. */
export const HEX = new Int8Array(256).fill(-1)

for (const mark of TOKEN_MARKS) LOWER_TOKEN[mark.charCodeAt(0)] = mark.charCodeAt(0)
for (const mark of TARGET_MARKS) TARGET[mark.charCodeAt(0)] = 1
for (let letter = 97; letter <= 122; letter++) {
  LOWER_TOKEN[letter] = letter
  LOWER_TOKEN[letter - 32] = letter
  TARGET[letter] = 1
  TARGET[letter - 32] = 1
}
for (let octet = 0; octet < 256; octet++) FIELD_VALUE[octet] = octet === TAB || (octet >= 32 && octet !== 127) ? 1 : 0
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

/** Whether the octets from `start` are those of `lowerCase`, letters in either case. They must all be tokens. */
export const matches = (bytes: Uint8Array, start: number, lowerCase: Uint8Array): boolean => {
  for (let i = 0; i < lowerCase.length; i++) if (LOWER_TOKEN[bytes[start + i]!] !== lowerCase[i]) return false
  return true
}

/** The octets of an ASCII text. */
export const octetsOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
