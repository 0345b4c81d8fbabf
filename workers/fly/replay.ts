/** Sends a request to another machine, region or app by way of Fly's proxy. */
import type { FlyConfig } from '../../src/config/config.ts'
import type { Exchange, Verdict } from '../exchange.ts'
import { maintenanceAnswer } from '../responses.ts'
import { forwardInternally, isTooMuchToReplay } from './internal-target.ts'
import { replayCause } from './replay-mark.ts'
import { isOwnApp, type ReplayOrder, replayAnswer } from './replay-order.ts'

/** Where nothing of Fly is configured. */
const NOWHERE: FlyConfig = { replay: [], internal_port: 0, here: {} }

/** Undefined when this machine is the target. The maintenance page when the target has been tried, and this is not it. */
export const replayTo = (exchange: Exchange, order: ReplayOrder): Verdict | undefined => {
  const fly = exchange.routing.snapshot.routes.fly ?? NOWHERE
  if (isTarget(order, fly.here)) return undefined
  // Who sends these headers without Fly gets no more by it than a maintenance page.
  if (exchange.header('fly-replay-failed') !== undefined) return maintenanceAnswer(exchange)
  if (order.machine !== undefined && exchange.header('fly-preferred-instance-unavailable') === order.machine)
    return maintenanceAnswer(exchange)
  if (isOwnApp(order, fly.here) && replayCause(exchange, fly.here) === 'route')
    return isGoodEnough(order, fly.here) ? undefined : maintenanceAnswer(exchange)
  return isTooMuchToReplay(exchange) ? forwardInternally(exchange, order, fly) : replayAnswer(exchange, order, fly.here)
}

const isTarget = (order: ReplayOrder, here: FlyConfig['here']): boolean => {
  if (!isOwnApp(order, here)) return false
  if (order.machine !== undefined) return order.machine === here.machine
  if (order.region !== undefined) return order.region[0] === 'any' || (order.region[0] === here.region && here.region !== undefined)
  return order.app !== undefined
}

/** For a request that Fly has brought here: the second best region will do, and whoever is not the one that sent it. */
const isGoodEnough = ({ region, elsewhere }: ReplayOrder, here: FlyConfig['here']): boolean =>
  region === undefined ? elsewhere === true : region.includes('any') || (here.region !== undefined && region.includes(here.region))
