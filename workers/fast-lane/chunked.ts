/** Finds the exact end of a chunked body; the octets themselves are passed on as they came. */
import { COLON, CR, FIELD_VALUE, HEX, LF, LOWER_TOKEN } from './octets.ts'

const SIZE_FIRST = 0
const SIZE = 1
const EXTENSION_NAME = 2
const EXTENSION_VALUE = 3
const EXTENSION_QUOTED = 4
const EXTENSION_ESCAPED = 5
const EXTENSION_UNQUOTED = 6
const SIZE_LF = 7
const DATA = 8
const DATA_CR = 9
const DATA_LF = 10
const TRAILER_FIRST = 11
const TRAILER_NAME = 12
const TRAILER_VALUE = 13
const TRAILER_LF = 14
const LAST_LF = 15
const BROKEN = -1

const DIGITS_LIMIT = 12
const EXTENSIONS_LIMIT = 256
const TRAILERS_LIMIT = 8_192
const SEMICOLON = 59
const EQUALS = 61
const QUOTE = 34
const BACKSLASH = 92

/** The body's octets are not chunks, or beyond the limits on extensions (256 octets a chunk) and trailers (8 KB). */
export const MALFORMED = -1

/** Keeps its place between calls, so a body may come in any pieces. */
export class ChunkScanner {
  isDone = false
  #state = SIZE_FIRST
  #left = 0
  #digits = 0
  /** Octets of the extensions of this chunk, or of the trailers. */
  #extra = 0
  /** Whether the extension being read has a name, or a value. */
  #hasWord = false
  #trailerName = ''

  /** Ready for the next body. */
  reset(): void {
    this.isDone = false
    this.#state = SIZE_FIRST
    this.#left = 0
    this.#digits = 0
    this.#extra = 0
  }

  /** Reads on from `at`. Gives the offset past the last octet of the body, `end` when there is more to come, or MALFORMED. */
  scan(bytes: Uint8Array, at: number, end: number): number {
    let i = at
    while (i < end) {
      if (this.#state === DATA) {
        const taken = Math.min(this.#left, end - i)
        this.#left -= taken
        i += taken
        if (this.#left === 0) this.#state = DATA_CR
        continue
      }
      this.#state = this.#step(bytes[i++]!)
      if (this.#state === BROKEN) return MALFORMED
      if (this.isDone) return i
    }
    return i
  }

  #step(octet: number): number {
    if (this.#state <= SIZE) return this.#readSize(octet)
    if (this.#state < SIZE_LF) return this.#readExtension(octet)
    switch (this.#state) {
      case SIZE_LF:
        return octet === LF ? this.#endSize() : BROKEN
      case DATA_CR:
        return octet === CR ? DATA_LF : BROKEN
      case DATA_LF:
        return octet === LF ? SIZE_FIRST : BROKEN
      case LAST_LF:
        this.isDone = octet === LF
        return octet === LF ? SIZE_FIRST : BROKEN
      default:
        return this.#readTrailer(octet)
    }
  }

  #readSize(octet: number): number {
    const digit = HEX[octet]!
    if (digit >= 0) {
      if (++this.#digits > DIGITS_LIMIT) return BROKEN
      this.#left = this.#left * 16 + digit
      return SIZE
    }
    if (this.#state === SIZE_FIRST) return BROKEN
    if (octet === CR) return SIZE_LF
    if (octet !== SEMICOLON) return BROKEN
    this.#extra = 0
    this.#hasWord = false
    return EXTENSION_NAME
  }

  #endSize(): number {
    this.#digits = 0
    this.#extra = 0
    return this.#left === 0 ? TRAILER_FIRST : DATA
  }

  #readExtension(octet: number): number {
    if (++this.#extra > EXTENSIONS_LIMIT) return BROKEN
    if (this.#state === EXTENSION_ESCAPED) return FIELD_VALUE[octet] === 1 ? EXTENSION_QUOTED : BROKEN
    if (this.#state === EXTENSION_QUOTED) {
      if (octet === QUOTE) return EXTENSION_UNQUOTED
      if (octet === BACKSLASH) return EXTENSION_ESCAPED
      return FIELD_VALUE[octet] === 1 ? EXTENSION_QUOTED : BROKEN
    }
    if (this.#state === EXTENSION_UNQUOTED) this.#hasWord = true
    else if (LOWER_TOKEN[octet] !== 0) {
      this.#hasWord = true
      return this.#state
    } else if (octet === QUOTE) return this.#state === EXTENSION_VALUE && !this.#hasWord ? EXTENSION_QUOTED : BROKEN
    return this.#endWord(octet)
  }

  #endWord(octet: number): number {
    if (!this.#hasWord) return BROKEN
    this.#hasWord = false
    if (octet === CR) return SIZE_LF
    if (octet === SEMICOLON) return EXTENSION_NAME
    return octet === EQUALS && this.#state === EXTENSION_NAME ? EXTENSION_VALUE : BROKEN
  }

  #readTrailer(octet: number): number {
    if (++this.#extra > TRAILERS_LIMIT) return BROKEN
    switch (this.#state) {
      case TRAILER_FIRST:
        this.#trailerName = ''
        return octet === CR ? LAST_LF : this.#readTrailerName(octet)
      case TRAILER_NAME:
        return octet === COLON ? this.#endTrailerName() : this.#readTrailerName(octet)
      case TRAILER_VALUE:
        return octet === CR ? TRAILER_LF : FIELD_VALUE[octet] === 1 ? TRAILER_VALUE : BROKEN
      default:
        return octet === LF ? TRAILER_FIRST : BROKEN
    }
  }

  #readTrailerName(octet: number): number {
    const lower = LOWER_TOKEN[octet]!
    if (lower === 0) return BROKEN
    this.#trailerName += String.fromCharCode(lower)
    return TRAILER_NAME
  }

  /** A trailer must not say anew how the message is framed or where it goes (RFC 9110 §6.5.1). */
  #endTrailerName(): number {
    return FORBIDDEN_TRAILERS.has(this.#trailerName) ? BROKEN : TRAILER_VALUE
  }
}

const FORBIDDEN_TRAILERS = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'host', 'trailer'])
