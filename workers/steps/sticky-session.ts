import type { Exchange, HeaderList, Step } from '../exchange.ts'
import { replayTo } from '../fly/replay.ts'
import { replayCause } from '../fly/replay-mark.ts'
import { maintenanceAnswer } from '../responses.ts'

/** Sends a browser back to the machine in its cookie. When that is gone, it gets the maintenance page or a new home. */
export const returnToMachine: Step = (exchange) => {
  const away = machineElsewhere(exchange)
  if (away === undefined) return undefined
  const sticky = exchange.routing.sticky!
  if (!away.isGone) return replayTo(exchange, { machine: away.machine, mode: 'prefer', cause: 'home' })
  if (sticky.config.on_unavailable === 'reassign') return undefined
  const answer = maintenanceAnswer(exchange)
  return { ...answer, headers: [...answer.headers, ['Set-Cookie', sticky.cookie(exchange)]] }
}

/**
 * The cookie for a response, where one is due: to a browser that has none yet, or whose machine is gone. To be asked before
 * anything is rewritten.
 */
export const homeCookie = (exchange: Exchange): HeaderList | undefined => {
  const { sticky } = exchange.routing
  if (sticky === undefined || !sticky.concerns(exchange)) return undefined
  if (sticky.homeOf(exchange) === sticky.machine || replayCause(exchange, sticky.here) === 'route') return undefined
  const away = machineElsewhere(exchange)
  return away === undefined || away.isGone ? [['Set-Cookie', sticky.cookie(exchange)]] : undefined
}

/** What a rule has sent here stays here, whatever the cookie says: otherwise the two would send it to and fro. */
const machineElsewhere = (exchange: Exchange): { readonly machine: string; readonly isGone: boolean } | undefined => {
  const { sticky } = exchange.routing
  if (sticky === undefined || !sticky.concerns(exchange)) return undefined
  const machine = sticky.homeOf(exchange)
  if (machine === undefined || machine === sticky.machine) return undefined
  const cause = replayCause(exchange, sticky.here)
  if (cause === 'route') return undefined
  const { header } = exchange
  const isReported = header('fly-preferred-instance-unavailable') === machine || header('fly-replay-failed') !== undefined
  return { machine, isGone: isReported || cause === 'home' }
}
