/** What navigator asks of Fly's proxy, and the answer that asks it. */
import type { FlyConfig, ReplayConfig } from '../../src/config/config.ts'
import type { Answer, Exchange } from '../exchange.ts'
import { type ReplayCause, signMark } from './replay-mark.ts'

/** A place to replay to, groups filled in. Without `app` it is this one. */
export type ReplayOrder = {
  readonly app?: string
  readonly region?: readonly string[]
  readonly machine?: string
  readonly mode?: ReplayConfig['mode']
  readonly status?: number
  /** Path and query the target is asked for. Default: as sent. */
  readonly path?: string
  readonly cause?: ReplayCause
} & Partial<Pick<ReplayConfig, 'timeout' | 'fallback' | 'state' | 'elsewhere' | 'transform' | 'cache'>>

/** Whether the target is in this app: then navigator is there too, and can be told that this is a second try. */
export const isOwnApp = ({ app }: ReplayOrder, here: FlyConfig['here']): boolean => app === undefined || app === here.app

const TIMEOUT_MS = 30_000

/** Fly documents the body; for HEAD, which has none, it takes the same in a header. */
export const replayAnswer = (exchange: Exchange, order: ReplayOrder, here: FlyConfig['here']): Answer => {
  const body = replayBody(exchange, order, here)
  const isBodyless = exchange.method === 'HEAD'
  return {
    kind: 'respond',
    status: order.status ?? 307,
    headers: isBodyless ? [['fly-replay', asHeader(body)]] : [['Content-Type', 'application/vnd.fly.replay+json']],
    body: isBodyless ? '' : JSON.stringify(body),
    responseType: 'fly-replay',
    destination: nameOf(order),
  }
}

const nameOf = ({ app, region, machine }: ReplayOrder): string => {
  if (machine !== undefined) return `machine=${machine}${app === undefined ? '' : `:${app}`}`
  if (region !== undefined) return region.join(',')
  return app === undefined ? 'elsewhere' : `app=${app}`
}

type Body = Readonly<Record<string, unknown>>

/** Keys in the order of the alphabet, as the program before this one wrote them. */
const replayBody = (exchange: Exchange, order: ReplayOrder, here: FlyConfig['here']): Body => {
  const { machine, region, elsewhere, mode, cache } = order
  const app = order.app ?? (machine === undefined ? undefined : here.app)
  const isPreferred = mode === 'prefer'
  const way = cache === undefined ? wayOf(exchange, order, here) : { cache: cacheOf(cache) }
  return compact({
    ...(app !== undefined && { app }),
    ...('cache' in way && { cache: way.cache }),
    ...(elsewhere && { elsewhere }),
    fallback: 'cache' in way ? undefined : way.fallback,
    ...(machine !== undefined && { [isPreferred ? 'prefer_instance' : 'instance']: machine }),
    region: region && regionsOf(region, isPreferred),
    ...('cache' in way ? {} : { state: way.state, timeout: way.timeout, transform: way.transform }),
  })
}

const regionsOf = (regions: readonly string[], isPreferred: boolean): string =>
  (isPreferred && !regions.includes('any') ? [...regions, 'any'] : regions).join(',')

const wayOf = (exchange: Exchange, order: ReplayOrder, here: FlyConfig['here']) => {
  const isOwn = isOwnApp(order, here)
  const mayFallBack = isOwn && order.mode !== 'prefer' && order.elsewhere !== true
  const { fallback = mayFallBack ? 'force_self' : 'none', timeout = mayFallBack ? TIMEOUT_MS : undefined } = order
  const mark = isOwn ? signMark(here, order.cause ?? 'route') : undefined
  const state = [order.state, mark].filter((part) => part !== undefined).join('.')
  return {
    fallback: fallback === 'none' ? undefined : fallback,
    timeout: timeout === undefined ? undefined : durationText(timeout),
    state: state === '' ? undefined : state,
    transform: transformOf(exchange, order, isOwn || fallback !== 'none'),
  }
}

const transformOf = (exchange: Exchange, { transform = {}, path }: ReplayOrder, comesBack: boolean): Body | undefined => {
  const authorization = exchange.header('authorization')
  const own: readonly (readonly [string, string])[] = comesBack
    ? [['X-Navigator-Retry', 'true'], ...(authorization === undefined ? [] : [['Authorization', authorization] as const])]
    : []
  const headers = [...own, ...Object.entries(transform.set_headers ?? {})].map(([name, value]) => ({ name, value }))
  const made = compact({
    delete_headers: transform.delete_headers,
    path: path ?? transform.path,
    set_headers: headers.length > 0 ? headers : undefined,
  })
  return Object.keys(made).length > 0 ? made : undefined
}

const cacheOf = ({ prefix, ttl, allow_bypass, invalidate }: NonNullable<ReplayOrder['cache']>): Body =>
  compact({ allow_bypass, invalidate, prefix, ttl: ttl === undefined ? undefined : Math.round(ttl / 1000) })

const compact = (body: Body): Body => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))

const durationText = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`)

/** What is an object in JSON has no place in the header. */
const asHeader = (body: Body): string =>
  Object.entries(body)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name}=${String(value).includes(',') ? `"${value}"` : value}`)
    .join(';')
