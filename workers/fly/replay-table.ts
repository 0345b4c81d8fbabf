/** Replay rules, compiled once per snapshot. */
import type { ReplayConfig } from '../../src/config/config.ts'
import {
  compilePattern,
  encodePath,
  fillTemplate,
  type PathPattern,
  parseTemplate,
  type Template,
  withOneSlash,
} from '../rules/path-pattern.ts'
import { createPrefixIndex } from '../rules/prefix-index.ts'
import type { ReplayOrder } from './replay-order.ts'

export type ReplayTable = {
  readonly isEmpty: boolean
  /** The order of the first rule that fits; `nowhere` when what the path puts into its target is no name. */
  find(path: string, method: string): ReplayOrder | 'nowhere' | undefined
}

type Rule = {
  readonly config: ReplayConfig
  readonly pattern: PathPattern
  readonly app: Template | undefined
  readonly region: readonly Template[] | undefined
  readonly machine: Template | undefined
  readonly replacement: Template | undefined
}

/** `path` as rules see it. */
export const compileReplays = (configs: readonly ReplayConfig[]): ReplayTable => {
  const rules = configs.map(compileReplay)
  const index = createPrefixIndex(rules.map(({ pattern }) => pattern.head))
  return {
    isEmpty: rules.length === 0,
    find(path, method) {
      for (const number of index.candidates(path)) {
        const rule = rules[number]!
        if (rule.config.methods?.includes(method) === false) continue
        const match = rule.pattern.regex.exec(path)
        if (match !== null) return fill(rule, match)
      }
      return undefined
    },
  }
}

const compileReplay = (config: ReplayConfig): Rule => ({
  config,
  pattern: compilePattern(config.path),
  app: config.app === undefined ? undefined : parseTemplate(config.app),
  region: config.region?.map(parseTemplate),
  machine: config.machine === undefined ? undefined : parseTemplate(config.machine),
  replacement: config.replacement === undefined ? undefined : parseTemplate(config.replacement),
})

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/i

const fill = ({ config, app, region, machine, replacement }: Rule, match: RegExpExecArray): ReplayOrder | 'nowhere' => {
  const name = (template: Template): string => fillTemplate(template, match)
  const names = { app: app && name(app), region: region?.map(name), machine: machine && name(machine) }
  if ([names.app, names.machine, ...(names.region ?? [])].some((filled) => filled !== undefined && !NAME.test(filled))) return 'nowhere'
  const { app: _, region: __, machine: ___, path: ____, ...way } = config
  return {
    ...way,
    ...(names.app !== undefined && { app: names.app }),
    ...(names.region && { region: names.region }),
    ...(names.machine !== undefined && { machine: names.machine }),
    ...(replacement && { path: encodePath(withOneSlash(name(replacement))) }),
  }
}
