import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { NavigatorError } from '../errors.ts'

const PLACES = ['config/navigator.yml', 'navigator.yml', '/etc/navigator/navigator.yml'] as const

/**
 * Which file to load: the argument, else NAVIGATOR_CONFIG, else the first that is there of config/navigator.yml,
 * navigator.yml and /etc/navigator/navigator.yml. A name that was given is not looked for.
 * @throws NAV_CONFIG_UNREADABLE when none was given and none is there.
 */
export const findConfigFile = (argument: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string => {
  const given = argument ?? (env['NAVIGATOR_CONFIG'] || undefined)
  const found = given ?? PLACES.find((place) => existsSync(resolve(cwd, place)))
  if (found !== undefined) return found
  throw new NavigatorError('NAV_CONFIG_UNREADABLE', `no configuration file: tried ${PLACES.join(', ')} in ${cwd}`, {
    hint: 'name one as the argument or in NAVIGATOR_CONFIG',
  })
}
