/** The schema of configuration files as JSON Schema, for editors and for the reference. */
import * as z from 'zod'
import type { Written } from './schema/values.ts'
import { fileSchema } from './schema.ts'

/** As much of draft 7 as is used here. */
export type JsonSchema = {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly examples?: readonly unknown[]
}

/** What the schema's own notes add: see `readable` and `orScalar`. */
type Noted = JsonSchema & {
  readonly written?: Written
  readonly shorthand?: readonly string[]
  readonly orText?: boolean
  readonly propertyNames?: unknown
}

/** Where an environment variable may stand for a value of another kind. */
const VARIABLE = '\\$\\{'
const FORMS: Readonly<Record<Written, JsonSchema>> = {
  text: { type: ['string', 'number', 'boolean'] },
  word: { type: ['string', 'number'] },
  boolean: { type: ['boolean', 'string'], pattern: `^(true|false|yes|no|on|off)$|${VARIABLE}` },
  integer: { type: ['integer', 'string'], pattern: `^[+-]?\\d+$|${VARIABLE}` },
  duration: { type: ['string', 'number'], pattern: `^[\\d.]|${VARIABLE}`, minimum: 0 },
  size: { type: ['string', 'integer'], pattern: `^[\\d.]|${VARIABLE}`, minimum: 0 },
}

/** Addresses and ranges of them, in place of a list. */
const RANGES: JsonSchema = { type: 'string', pattern: `[.:]|${VARIABLE}` }

/** Made anew at each call; takes some milliseconds. */
export const configJsonSchema = (): JsonSchema => {
  const raw = z.toJSONSchema(fileSchema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    // Zod leaves these out where a value is transformed: as written they are what a reader wants.
    override: ({ zodSchema, jsonSchema }) => {
      const { examples, default: fallback } = z.globalRegistry.get(zodSchema as unknown as z.ZodType) ?? {}
      if (examples !== undefined) jsonSchema.examples = examples as unknown[]
      if (fallback !== undefined) jsonSchema.default = fallback as string
    },
  }) as Noted
  const { $schema, ...rest } = raw
  return { $schema: $schema!, title: 'Configuration of navigator', ...asWritten(rest) }
}

const asWritten = (noted: Noted): JsonSchema => {
  const { written, shorthand, orText = false, propertyNames: _, properties, items, additionalProperties, anyOf, ...rest } = noted
  const plain: JsonSchema = {
    ...inYaml(rest, written),
    ...(written === undefined ? {} : { ...FORMS[written], ...bounds(rest) }),
    ...(properties === undefined ? {} : { properties: mapValues(properties, asWritten) }),
    ...(items === undefined ? {} : { items: asWritten(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: asWritten(additionalProperties) } : {}),
    ...(additionalProperties === false ? { additionalProperties } : {}),
    ...(anyOf === undefined ? {} : choiceOf([...anyOf.map(asWritten), ...(orText ? [RANGES] : [])])),
  }
  return shorthand === undefined ? plain : orShort(plain, shorthand)
}

/** Defaults and examples as one would write them: the schema has them as text. */
const inYaml = (schema: JsonSchema, written: Written | undefined): JsonSchema => {
  const { default: fallback, examples, ...rest } = schema
  const value = (text: unknown): unknown => {
    if (written === 'boolean') return text === 'true'
    return written === 'integer' ? Number(text) : text
  }
  const isEmpty = typeof fallback === 'object' && fallback !== null && Object.keys(fallback).length === 0
  return {
    ...rest,
    ...(fallback === undefined || isEmpty ? {} : { default: value(fallback) }),
    ...(examples === undefined ? {} : { examples: examples.map(value) }),
  }
}

const bounds = ({ minimum, maximum }: JsonSchema): JsonSchema => ({
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
})

/** Bare types are one list of types, such as a value or nothing: `NAME:` unsets a variable. */
const choiceOf = (choices: readonly JsonSchema[]): JsonSchema => {
  const types = choices.flatMap(({ type = [] }) => type)
  return choices.every((choice) => Object.keys(choice).join() === 'type') ? { type: types } : { anyOf: choices }
}

/** The mapping, or the value of one of its keys alone. */
const orShort = ({ description, default: fallback, examples, ...mapping }: JsonSchema, keys: readonly string[]): JsonSchema => ({
  ...(description === undefined ? {} : { description }),
  ...(fallback === undefined ? {} : { default: fallback }),
  ...(examples === undefined ? {} : { examples }),
  anyOf: [...keys.map((key) => short(mapping, key)), mapping],
})

const short = ({ properties, additionalProperties }: JsonSchema, key: string): JsonSchema => {
  const { description: _, default: __, examples: ___, ...value } = key === '*' ? (additionalProperties as JsonSchema) : properties![key]!
  return value
}

const mapValues = (record: Readonly<Record<string, JsonSchema>>, change: (value: JsonSchema) => JsonSchema) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
