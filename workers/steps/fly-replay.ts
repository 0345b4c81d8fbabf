import type { Exchange, Step } from '../exchange.ts'
import { replayTo } from '../fly/replay.ts'
import { errorAnswer, maintenanceAnswer } from '../responses.ts'
import { readablePath } from '../rules/path-pattern.ts'

/** Has Fly's proxy replay what a rule of `routes.fly.replay` fits. The first rule in the file decides. */
export const replayOnFly: Step = (exchange) => {
  const { replays } = exchange.routing
  if (replays.isEmpty) return undefined
  if (hasFallenBack(exchange)) return maintenanceAnswer(exchange)
  const order = replays.find(readablePath(exchange.path), exchange.method)
  if (order === undefined) return undefined
  if (order === 'nowhere') return errorAnswer(exchange, 404, { errorMessage: 'a replay rule names no app or machine for this path' })
  const { path, ...rest } = order
  const verdict = replayTo(exchange, path === undefined ? rest : { ...rest, path: path + exchange.query })
  if (verdict === undefined && path !== undefined) {
    exchange.rewrittenFrom ??= exchange.path + exchange.query
    exchange.path = path
  }
  return verdict
}

/** Of a replay of ours, which may have changed the path so that no rule fits it any more. */
const hasFallenBack = ({ header }: Exchange): boolean =>
  header('fly-replay-failed') !== undefined && header('x-navigator-retry') !== undefined
