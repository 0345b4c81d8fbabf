/** The keys of the schema as paths: `server.cgi_scripts[].path`, `applications.frameworks.*.env`. */
import type { JsonSchema } from '../../src/config/json-schema.ts'

export type SchemaKey = { readonly path: string; readonly key: string; readonly schema: JsonSchema; readonly isRequired: boolean }

/** Every key, those below a key after it. Where a value may be short for a mapping, the mapping counts. */
export const keysOf = (schema: JsonSchema, path = ''): readonly SchemaKey[] => {
  const { properties = {}, required = [] } = schema
  const own = Object.entries(properties).flatMap(([key, child]) => {
    const here = path === '' ? key : `${path}.${key}`
    return [{ path: here, key, schema: child, isRequired: required.includes(key) }, ...keysOf(child, here)]
  })
  const items = schema.items ? keysOf(schema.items, `${path}[]`) : []
  const others = typeof schema.additionalProperties === 'object' ? keysOf(schema.additionalProperties, `${path}.*`) : []
  const choices = (schema.anyOf ?? []).flatMap((choice) => keysOf(choice, path))
  return [...own, ...items, ...others, ...choices]
}
