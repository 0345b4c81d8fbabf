import { configJsonSchema } from '../config/json-schema.ts'
import { EXIT } from './exit-codes.ts'

/** `navigator schema`: the JSON Schema of configuration files, for editors. */
export const printSchema = async (): Promise<number> => {
  process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
  return EXIT.ok
}
