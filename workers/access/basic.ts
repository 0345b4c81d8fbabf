import { isUtf8 } from 'node:buffer'

/** Some hashes take the longer the longer the password is; `htpasswd` takes 255. */
const PASSWORD_LIMIT_OCTETS = 512
const NAME_LIMIT = 255

/**
 * Name and password of an Authorization field (RFC 7617); undefined for what is none, or too long. The name is trimmed. Octets
 * that are no UTF-8 are taken for latin1, as old clients send them.
 */
export const readBasic = (authorization: string): { readonly user: string; readonly password: string } | undefined => {
  const encoded = /^basic +([\w+/-]+={0,2}) *$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const octets = Buffer.from(encoded, 'base64')
  const text = octets.toString(isUtf8(octets) ? 'utf8' : 'latin1')
  const colon = text.indexOf(':')
  const user = text.slice(0, Math.max(0, colon)).trim()
  const password = text.slice(colon + 1)
  if (colon === -1 || user === '' || user.length > NAME_LIMIT || Buffer.byteLength(password) > PASSWORD_LIMIT_OCTETS) return undefined
  return { user, password }
}
