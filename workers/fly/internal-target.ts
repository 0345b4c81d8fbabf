/** The private network's names for what cannot be replayed. */
import type { FlyConfig } from '../../src/config/config.ts'
import type { Exchange, Verdict } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'
import type { ReplayOrder } from './replay-order.ts'

/** What Fly's proxy keeps of a request to replay it. */
const REPLAYABLE_BYTES = 1024 * 1024

/** Whether Fly could not replay this request: its body is too long or of unknown length, or it is to become a tunnel. */
export const isTooMuchToReplay = ({ header, upgrade }: Exchange): boolean =>
  upgrade === 'websocket' || header('transfer-encoding') !== undefined || Number(header('content-length') ?? 0) >= REPLAYABLE_BYTES

/** Sends a request to its target over the private network. When the target cannot be reached, the maintenance page is shown. */
export const forwardInternally = (exchange: Exchange, order: ReplayOrder, fly: FlyConfig): Verdict => {
  const hostname = internalName(order, fly.here)
  if (hostname === undefined)
    return errorAnswer(exchange, 502, { errorMessage: 'this request cannot be replayed, and its target has no .internal name' })
  const host = exchange.header('host')
  return {
    kind: 'upstream',
    rule: {
      name: hostname,
      target: `http://${hostname}:${fly.internal_port}`,
      strip_path: false,
      headers: {},
      response_headers: {},
      websocket: true,
    },
    target: {
      protocol: 'http:',
      hostname,
      port: fly.internal_port,
      host: `${hostname}:${fly.internal_port}`,
      path: order.path ?? exchange.path + exchange.query,
      // The tenant there is found by the host the client asked for.
      headers: host === undefined ? [] : [['host', host]],
      whenDown: 'maintenance',
    },
  }
}

/** Only regions have names, not what Fly calls `us` or `any`; and this app's own name would lead back here. */
const internalName = ({ app: other, region = [], machine }: ReplayOrder, here: FlyConfig['here']): string | undefined => {
  const app = other ?? here.app
  if (app === undefined) return undefined
  if (machine !== undefined) return `${machine}.vm.${app}.internal`
  const named = region.find((name) => /^[a-z]{3}$/.test(name) && name !== 'any' && name !== 'usa')
  if (named !== undefined) return `${named}.${app}.internal`
  return app !== here.app && (region.length === 0 || region.includes('any')) ? `${app}.internal` : undefined
}
