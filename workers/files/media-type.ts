import mime from 'mime'

/** Types of their own text whose browsers guess the characters unless told. */
const SPEAKS_UTF8 = /^text\/|^application\/(?:javascript|manifest\+json)$/

/** Content-Type of a file by the extension of its name, from a table that is the same on every host. */
export const mediaTypeOf = (name: string): string => {
  const type = mime.getType(name) ?? 'application/octet-stream'
  return SPEAKS_UTF8.test(type) ? `${type}; charset=utf-8` : type
}
