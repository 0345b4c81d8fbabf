const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The base-64 of crypt(3): octets in the given order, three to four characters, lowest bits first. An order shorter than three is padded in front. */
export const encodeCrypt = (digest: Uint8Array, order: readonly (readonly number[])[]): string =>
  order
    .map((places) => {
      let bits = places.reduce((sum, place) => sum * 256 + digest[place]!, 0)
      return Array.from({ length: places.length + 1 }, () => {
        const character = ALPHABET[bits & 63]!
        bits >>= 6
        return character
      }).join('')
    })
    .join('')
