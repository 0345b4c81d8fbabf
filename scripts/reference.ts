/** `bin/node scripts/reference.ts`: writes docs/configuration.md and docs/navigator.schema.json anew from the schema. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configJsonSchema } from '../src/config/json-schema.ts'
import { renderReference } from './reference-page.ts'

const docs = join(import.meta.dirname, '../docs')
const schema = configJsonSchema()
writeFileSync(join(docs, 'navigator.schema.json'), `${JSON.stringify(schema, null, 2)}\n`)
writeFileSync(join(docs, 'configuration.md'), renderReference(schema))
