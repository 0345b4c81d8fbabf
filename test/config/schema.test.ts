import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ConfigError } from '../../src/config/config-error.ts'
import { readConfig } from '../../src/config/load.ts'
import { NEEDLESS, NOT_YET } from '../../src/config/not-yet.ts'
import { fileSchema } from '../../src/config/schema.ts'

type Described = {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Described>>
  readonly items?: Described
  readonly additionalProperties?: Described | boolean
  readonly default?: unknown
  readonly examples?: readonly unknown[]
}

const keysOf = (schema: Described, path: string): readonly (readonly [path: string, key: Described])[] => {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, key]) => {
    const here = path ? `${path}.${name}` : name
    return [[here, key] as const, ...keysOf(key, here)]
  })
  const items = schema.items ? keysOf(schema.items, `${path}[]`) : []
  const others = typeof schema.additionalProperties === 'object' ? keysOf(schema.additionalProperties, `${path}.*`) : []
  return [...own, ...items, ...others]
}

// The output side, because there shorthands have become the mappings they stand for.
const keys = keysOf(z.toJSONSchema(fileSchema, { io: 'output', unrepresentable: 'any' }) as Described, '')

describe('the schema', () => {
  test('says of every key what it means', () => {
    expect(keys.length).toBeGreaterThan(150)
    expect(keys.filter(([, { description }]) => !description?.endsWith('.')).map(([path]) => path)).toEqual([])
  })

  test('has every key that is said not to be supported yet, or to be needless', () => {
    const known = new Set(keys.map(([path]) => path))
    const listed = [...NOT_YET, ...NEEDLESS].map(([path]) => path)
    expect(listed.filter((path) => !known.has(path))).toEqual([])
  })
})

const corpus = join(import.meta.dirname, 'corpus')
const texts = readdirSync(corpus).flatMap((name) => (name.endsWith('.yml') ? [readFileSync(join(corpus, name), 'utf8')] : []))

test('whatever a file says, it is loaded or refused with places, never a crash', () => {
  const mutated = fc
    .tuple(
      fc.constantFrom(...texts),
      fc.nat(),
      fc.nat(20),
      fc.oneof(fc.string(), fc.constantFrom('{}', '[]', ': ~', '\n', '- ', '&a', '*a', '<<: ', '${', '!!str ')),
    )
    .map(([text, at, length, insert]) => text.slice(0, at % text.length) + insert + text.slice((at % text.length) + length))
  fc.assert(
    fc.property(mutated, (text) => {
      try {
        readConfig(text, { file: 'navigator.yml', env: {}, cwd: '/srv/site' })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        expect(error.errors.every(({ at, hint }) => at && at.line >= 1 && at.column >= 1 && hint)).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})
