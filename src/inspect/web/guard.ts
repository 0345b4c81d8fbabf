import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Whether a request may be answered, and how it has shown that it may. */
export type Admittance = 'refused' | 'by cookie' | 'by token'

/**
 * Lets in who knows the token, from a page of this very server: another site that a browser has open can neither name the token nor,
 * by a name that leads here, pass for us.
 */
export const createGuard = (token: string, port: () => number) => {
  const cookie = () => `navigator_${port()}`
  const isToken = (text: string | null | undefined): boolean =>
    typeof text === 'string' && text.length === token.length && timingSafeEqual(Buffer.from(text), Buffer.from(token))
  const hosts = () => ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port()}`)

  return {
    cookie: () => `${cookie()}=${token}; HttpOnly; SameSite=Strict; Path=/`,
    admit({ headers, url = '/' }: IncomingMessage): Admittance {
      const { host = '', origin } = headers
      if (!hosts().includes(host)) return 'refused'
      if (origin !== undefined && origin !== `http://${host}`) return 'refused'
      if (isToken(cookieOf(headers.cookie, cookie()))) return 'by cookie'
      return isToken(new URL(url, `http://${host}`).searchParams.get('token')) ? 'by token' : 'refused'
    },
  }
}

const cookieOf = (header: string | undefined, name: string): string | undefined =>
  header
    ?.split(/;\s*/)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
