/**
 * How one navigator tells the next, through Fly's proxy, that a request has been replayed already. Fly hands on the `state`
 * of a replay in `fly-replay-src`; anybody can send such a header, so the state is signed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FlyConfig } from '../../src/config/config.ts'
import type { Exchange } from '../exchange.ts'

/** `route`: a rule sent it here. `home`: a cookie sent it to its machine. */
export type ReplayCause = 'route' | 'home'

/** Far longer than a replay may take. */
const VALID_S = 300
const MARK = /(route|home)\.([0-9a-z]+)\.([\w-]{22})(?=[;",\s]|$)/g

/** A mark for `state`; undefined without a secret. */
export const signMark = ({ secret }: FlyConfig['here'], cause: ReplayCause, now = Date.now()): string | undefined => {
  if (secret === undefined) return undefined
  const claim = `${cause}.${Math.floor(now / 1000).toString(36)}`
  return `${claim}.${signatureOf(claim, secret)}`
}

/** Why this request was replayed by another navigator of this app, if it was. */
export const replayCause = (
  exchange: Pick<Exchange, 'header'>,
  { secret }: FlyConfig['here'],
  now = Date.now(),
): ReplayCause | undefined => {
  const source = exchange.header('fly-replay-src')
  if (source === undefined || secret === undefined) return undefined
  for (const [, cause, time, signature] of source.matchAll(MARK)) {
    const age = now / 1000 - Number.parseInt(time!, 36)
    if (Math.abs(age) <= VALID_S && isSame(signature!, signatureOf(`${cause}.${time}`, secret))) return cause as ReplayCause
  }
  return undefined
}

const signatureOf = (claim: string, secret: string): string =>
  createHmac('sha256', secret).update(`navigator replay ${claim}`).digest('base64url').slice(0, 22)

const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b))
