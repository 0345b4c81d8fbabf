/** docs/configuration.md, made from the JSON Schema of configuration files. */
import type { JsonSchema } from '../src/config/json-schema.ts'
import { NEEDLESS, NOT_YET } from '../src/config/not-yet.ts'

const INTRODUCTION = `# Configuration

Made by \`bin/node scripts/reference.ts\` from the schema in \`src/config/schema\`; do not edit.

One YAML file says everything: the argument of \`navigator\`, else \`NAVIGATOR_CONFIG\`, else the first that is there of
\`config/navigator.yml\`, \`navigator.yml\` and \`/etc/navigator/navigator.yml\`. \`navigator check\` says what is wrong with it,
each error with its line. \`navigator schema\` prints it for editors; with this first line many of them check and complete the file:

\`\`\`yaml
# yaml-language-server: $schema=docs/navigator.schema.json
\`\`\`

- Durations are written \`20m\`, \`90s\`, \`1h30m\`, \`2d\`; a bare number is seconds. Sizes are \`512M\`, \`1.5G\` or bytes.
- \`\${NAME}\` stands for an environment variable, \`\${NAME:-text}\` has a default, \`$\${\` is a literal \`\${\`.
- Patterns are RE2, not anchored. Relative paths start where navigator was started, unless the key says otherwise.
- Old spellings are taken and named in a warning. A key that is not known is an error.
`

/** A section has a heading and a table of its keys; those below it follow. */
export const renderReference = (schema: JsonSchema): string => {
  const sections = Object.entries(schema.properties ?? {}).flatMap(([key, section]) => renderSection(key, section, 2))
  return `${[INTRODUCTION, table('', schema), ...sections].join('\n')}`
}

const renderSection = (path: string, schema: JsonSchema, level: number): readonly string[] => {
  const mapping = mappingOf(path, schema)
  if (mapping === undefined) return []
  const own = `${'#'.repeat(Math.min(level, 4))} \`${mapping.path}\`\n\n${meaningOf(schema)}\n\n${table(mapping.path, mapping.schema)}`
  const below = Object.entries(mapping.schema.properties ?? {}).flatMap(([key, child]) =>
    renderSection(`${mapping.path}.${key}`, child, level + 1),
  )
  return [own, ...below]
}

type Mapping = { readonly path: string; readonly schema: JsonSchema }

/** The mapping with fixed keys that a value is, or is a list or a mapping of. */
const mappingOf = (path: string, schema: JsonSchema): Mapping | undefined => {
  if (schema.properties !== undefined) return { path, schema }
  if (schema.items !== undefined) return mappingOf(`${path}[]`, schema.items)
  if (typeof schema.additionalProperties === 'object') return mappingOf(`${path}.*`, schema.additionalProperties)
  return schema.anyOf?.map((choice) => mappingOf(path, choice)).find((found) => found !== undefined)
}

const table = (path: string, { properties = {}, required = [] }: JsonSchema): string => {
  const rows = Object.entries(properties).map(([key, schema]) =>
    row(path === '' ? key : `${path}.${key}`, key, schema, required.includes(key)),
  )
  return ['| key | value | meaning | default | examples |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

const row = (path: string, key: string, schema: JsonSchema, isRequired: boolean): string => {
  const mapping = mappingOf(path, schema)
  const name = mapping === undefined ? `\`${key}\`` : `[\`${key}\`](#${anchor(mapping.path)})`
  const examples = (schema.examples ?? []).map(code).join(', ')
  const cells = [name, kindOf(schema), `${meaningOf(schema)}${statusOf(path)}`, isRequired ? 'needed' : defaultOf(schema), examples]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** As GitHub makes it of a heading. */
const anchor = (path: string): string => path.toLowerCase().replace(/[^a-z\d_-]/g, '')

/** It ends with its sentence: `503.html` has a dot too. */
const DEFAULT = / ?Default: (.*?)\.(?= |$)/

const meaningOf = ({ description = '' }: JsonSchema): string => description.replace(DEFAULT, '')

const defaultOf = (schema: JsonSchema): string => {
  if (schema.default !== undefined) return code(schema.default)
  return DEFAULT.exec(schema.description ?? '')?.[1] ?? ''
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : flow(value)}\``

/** YAML in one line. */
const flow = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${flow(inner)}`)
    .join(', ')} }`
}

const kindOf = ({ type, pattern, enum: choices, anyOf, items, minimum, maximum, additionalProperties }: JsonSchema): string => {
  if (choices !== undefined) return choices.map(code).join(', ')
  if (anyOf !== undefined) return [...new Set(anyOf.map(kindOf))].join(' or ')
  if (items !== undefined) return 'list'
  if (type === 'object') return additionalProperties === false ? 'mapping' : 'names to values'
  const types = [type].flat()
  if (types.includes('boolean') && pattern !== undefined) return 'true, false'
  if (maximum !== undefined) return `${minimum} to ${maximum}`
  if (pattern?.startsWith('^[\\d.]')) return types.includes('integer') ? 'size' : 'duration'
  return type === undefined ? 'any' : 'text'
}

const CLAIMS = new Map<string, string>([
  ...NOT_YET.map(([path]) => [path, ' **Not supported yet.**'] as const),
  ...NEEDLESS.map(([path]) => [path, ' **Has no effect.**'] as const),
])

const statusOf = (path: string): string => CLAIMS.get(path) ?? ''
