/** Which machine a browser is at home at, and the cookie that says so. */
import type { FlyConfig, StickySessionsConfig } from '../../src/config/config.ts'
import type { Exchange } from '../exchange.ts'
import { forwardedProto } from '../forwarding.ts'
import { compileGlobs } from '../rules/path-glob.ts'
import { readablePath } from '../rules/path-pattern.ts'

export type StickySessions = {
  readonly config: StickySessionsConfig
  /** This machine. */
  readonly machine: string
  readonly here: FlyConfig['here']
  /** Whether the request is one of those that are kept at a machine. */
  concerns(exchange: Exchange): boolean
  /** The machine in the request's cookie. What is not the id of a machine counts as none: it would become part of a host's name. */
  homeOf(exchange: Exchange): string | undefined
  /** Set-Cookie that makes this machine the home. */
  cookie(exchange: Exchange): string
}

const MACHINE = /^[0-9a-f]{6,20}$/

/** Undefined where they are off, or this is no machine of Fly. */
export const compileStickySessions = (fly: FlyConfig | undefined): StickySessions | undefined => {
  const config = fly?.sticky_sessions
  const machine = fly?.here.machine
  if (config?.enabled !== true || machine === undefined || fly?.here.app === undefined) return undefined
  const paths = config.paths === undefined || config.paths.length === 0 ? undefined : compileGlobs(config.paths)
  return {
    config,
    machine,
    here: fly.here,
    concerns: ({ path }) => paths === undefined || paths.test(readablePath(path)),
    homeOf: ({ header }) => machineIn(header('cookie'), config.cookie_name),
    cookie: (exchange) => writeCookie(config, machine, isHttps(exchange)),
  }
}

const machineIn = (cookies: string | undefined, name: string): string | undefined => {
  if (cookies === undefined || !cookies.includes(name)) return undefined
  for (const cookie of cookies.split(';')) {
    const [key, value = ''] = cookie.split('=', 2)
    if (key!.trim() === name && MACHINE.test(value.trim())) return value.trim()
  }
  return undefined
}

const isHttps = ({ header, peer, routing }: Exchange): boolean =>
  forwardedProto(header('x-forwarded-proto'), routing.trusts(peer)) === 'https'

const writeCookie = (config: StickySessionsConfig, machine: string, isSecure: boolean): string => {
  const { cookie_name, cookie_path, cookie_max_age, cookie_httponly, cookie_secure = isSecure, cookie_samesite } = config
  return [
    `${cookie_name}=${machine}`,
    `Path=${cookie_path}`,
    `Max-Age=${Math.round(cookie_max_age / 1000)}`,
    ...(cookie_httponly ? ['HttpOnly'] : []),
    ...(cookie_secure || cookie_samesite === 'None' ? ['Secure'] : []),
    `SameSite=${cookie_samesite}`,
  ].join('; ')
}
