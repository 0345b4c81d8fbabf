import packageJson from '../../package.json' with { type: 'json' }
import type { Invocation } from './arguments.ts'
import { EXIT } from './exit-codes.ts'

/** The version of navigator, as in its package. */
export const VERSION: string = packageJson.version

/** `navigator version`: one line, or with --json what it runs on as well. */
export const printVersion = async ({ json }: Invocation): Promise<number> => {
  const line = json ? JSON.stringify({ navigator: VERSION, node: process.versions.node }) : `Navigator ${VERSION}`
  process.stdout.write(`${line}\n`)
  return EXIT.ok
}
