/** No key is accepted and ignored: with it, the configuration says something else, or there is a warning. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { configJsonSchema, type JsonSchema } from '../../src/config/json-schema.ts'
import { ConfigError, readConfig } from '../../src/config/load.ts'
import { NEEDLESS, NOT_YET } from '../../src/config/not-yet.ts'
import { accounts } from './accounts.ts'
import { keysOf, type SchemaKey } from './schema-keys.ts'

const schema = configJsonSchema()
const keys = keysOf(schema)

type Value = string | number | boolean | null | Value[] | { [key: string]: Value }
type Mapping = { [key: string]: Value }

/** Some keys count only for tenants that leave the choice to others. */
const bases: readonly Mapping[] = [
  { applications: { tenants: [{ name: 'boston', path: '/boston/', framework: 'rails' }] } },
  { applications: { tenants: [{ name: 'boston', path: '/boston/' }] } },
  { applications: { tenants: [{ name: 'boston', path: '/boston/', runtime: 'node', server: 'index.js' }] } },
  {
    managed_processes: [
      { name: 'web', command: 'web' },
      { name: 'redis', command: 'redis-server' },
    ],
  },
]

/** What else a section needs, besides the keys that the schema says are required. One of these will do. */
const needs: Readonly<Record<string, readonly Mapping[]>> = {
  auth: [{ htpasswd: 'config/htpasswd' }, {}],
  'routes.reverse_proxies[]': [
    { prefix: '/api/', target: 'http://localhost:4001' },
    { prefix: '/api/', targets: ['http://one:4001', 'http://two:4001'] },
  ],
  'routes.rewrites[]': [{ to: '/new' }, {}],
  'routes.fly.replay[]': [{ app: 'pdf' }, {}],
  'applications.tenants[]': [{ env: { DATABASE: '${database}' } }],
}
const CHOICES = [0, 1]

/** What the file says and what is said about it, or undefined when it is refused. */
const outcomeOf = (file: Mapping): string | undefined => {
  try {
    const { config, warnings } = readConfig(stringify(file), {
      file: 'navigator.yml',
      env: { database: 'other' },
      cwd: '/srv/site',
      accounts,
    })
    return JSON.stringify([config, warnings.map(({ message }) => message)])
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

const mapping = (schema: JsonSchema): JsonSchema => schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema

/** Puts `value` at `path`, with whatever the sections above it need; without a value, only those. */
const put = (
  node: Mapping,
  parts: readonly string[],
  at: { schema: JsonSchema; path: string; choice: number },
  value: Value | undefined,
): void => {
  const [part, ...rest] = parts as [string, ...string[]]
  const [key, isList] = part.endsWith('[]') ? [part.slice(0, -2), true] : [part, false]
  const section = mapping(at.schema)
  const path = at.path === '' ? part : `${at.path}.${part}`
  const child = mapping(key === '*' ? (section.additionalProperties as JsonSchema) : section.properties![key]!)
  const name = key === '*' ? 'rails' : key
  if (rest.length === 0) {
    if (value !== undefined) node[name] = value
    return
  }
  const below = isList ? mapping(child.items!) : child
  const existing = node[name]
  const inner = (isList ? ((existing as Mapping[] | undefined)?.[0] ?? {}) : typeof existing === 'object' ? existing : {}) as Mapping
  for (const required of below.required ?? []) inner[required] ??= sampleOf(below.properties![required]!)[0]!
  for (const [name, value] of Object.entries(needs[path]?.[at.choice] ?? {})) inner[name] ??= value
  put(inner, rest, { ...at, schema: below, path }, value)
  const others = isList ? ((existing as Mapping[] | undefined)?.slice(1) ?? []) : []
  node[name] = isList ? [inner, ...others] : inner
}

/** Values to try. */
const sampleOf = (schema: JsonSchema): readonly Value[] => {
  const { examples = [], enum: choices = [], type, items, minimum, anyOf = [] } = schema
  const types = [type].flat()
  const numbers = minimum === undefined ? [] : [minimum, minimum + 1, minimum + 7]
  const lists = items === undefined ? [] : [itemsOf(items)]
  const others = types.includes('boolean') && schema.pattern ? [true, false] : types.includes('string') ? ['sample', '/sample', '7'] : []
  const below = type === 'object' ? [requiredOf(schema), { sample: 'sample' }] : []
  return [
    ...(examples as Value[]),
    ...(choices as Value[]),
    ...numbers,
    ...lists,
    ...others,
    ...below,
    ...anyOf.flatMap(sampleOf),
    'sample',
  ]
}
const itemsOf = (items: JsonSchema): Value[] => [sampleOf(mapping(items))[0]!]
const requiredOf = ({ properties = {}, required = [] }: JsonSchema): Value =>
  Object.fromEntries(required.map((key) => [key, sampleOf(properties[key]!)[0]!]))

type Setting = { readonly base: Mapping; readonly choice: number }
const settings: readonly Setting[] = bases.flatMap((base) => CHOICES.map((choice) => ({ base, choice })))

const fileWith = ({ base, choice }: Setting, { path }: SchemaKey, value: Value | undefined): Mapping => {
  const file = structuredClone(base)
  put(file, path.split('.'), { schema, path: '', choice }, value)
  return file
}

/** Sections say something by what is in them. */
const isLeaf = ({ path }: SchemaKey): boolean => !keys.some((other) => other.path !== path && other.path.startsWith(path))
const claimed = [...NOT_YET, ...NEEDLESS].map(([path]) => path)
const isClaimed = (path: string): boolean =>
  claimed.some((claim) => path === claim || path.startsWith(`${claim}.`) || path.startsWith(`${claim}[`))

describe('a key is not ignored', () => {
  test.each(keys.filter(isLeaf))('$path', (key) => {
    const refused: Value[] = []
    const speaks = settings.some((setting) => {
      const without = outcomeOf(fileWith(setting, key, undefined))
      return sampleOf(key.schema).some((value) => {
        const outcome = outcomeOf(fileWith(setting, key, value))
        if (outcome === undefined) refused.push(value)
        return outcome !== undefined && outcome !== without
      })
    })
    expect(speaks, `refused: ${JSON.stringify(refused)}`).toBe(true)
  })
})

const root = join(import.meta.dirname, '../..')
const sources = globSync('{src,workers,machines}/**/*.ts', { cwd: root })
  .filter((file) => !/src\/config\/(schema|compat|not-yet)/.test(file))
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')

test('every key that counts is read by name somewhere behind the schema', () => {
  const unread = keys.filter(isLeaf).filter(({ path, key }) => !isClaimed(path) && !new RegExp(`\\b${key}\\b`).test(sources))
  expect(unread.map(({ path }) => path)).toEqual([])
})
