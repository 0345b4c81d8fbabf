/** Asks the targets of reverse proxies that have a `health_check` whether they take requests. Worker thread. */
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'
import type { CompiledRule, TargetTemplate } from './reverse-proxy-table.ts'

/** Begins at once and goes on until `stop`. */
export const watchTargets = (rules: readonly CompiledRule[]): { stop(): void } => {
  const timers = rules.flatMap(watchRule)
  return {
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

const watchRule = ({ config, targets, health }: CompiledRule): NodeJS.Timeout[] => {
  const { health_check: check } = config
  if (check === undefined || targets.length < 2) return []
  const look = (): void => {
    for (const [number, target] of targets.entries()) {
      void probe(target, check).then((isUp) => (isUp ? health.recovered(number) : health.failed(number)))
    }
  }
  look()
  return [setInterval(look, check.interval).unref()]
}

const probe = ({ protocol, authority }: TargetTemplate, check: { readonly path: string; readonly timeout: number }): Promise<boolean> =>
  new Promise((resolve) => {
    const get = protocol === 'https:' ? getSecure : getPlain
    const request = get(
      `${protocol}//${authority}${check.path}`,
      { agent: false, signal: AbortSignal.timeout(check.timeout) },
      (response) => {
        response.resume()
        // It has answered: what comes of the body, or does not, is not asked for.
        response.on('error', () => {})
        resolve((response.statusCode ?? 500) < 500)
        response.once('end', () => request.destroy())
      },
    )
    request.on('error', () => resolve(false))
  })
