import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { StaticFilesConfig } from '../../../src/config/config.ts'
import { staticFiles } from '../../../src/config/schema/static.ts'

/** `server.static` with the defaults of the schema, but no directory unless one is given. */
export const staticConfig = (overrides: Partial<StaticFilesConfig> = {}): StaticFilesConfig => ({
  ...staticFiles.parse({}),
  public_dir: '/nowhere',
  ...overrides,
})

/** A directory with files in it, by name. Removed by `using`. */
export const makeDirectory = (files: Readonly<Record<string, string | Buffer>> = {}) => {
  const path = mkdtempSync(join(tmpdir(), 'navigator-files-'))
  const write = (name: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content)
  }
  for (const [name, content] of Object.entries(files)) write(name, content)
  return { path, write, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Not `fetch`, which tidies paths up and decodes bodies. */
export const ask = async (port: number, options: { path: string; headers: Record<string, string>; method: string }) => {
  const outgoing = request({ host: '127.0.0.1', port, agent: false, ...options })
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return { status: response.statusCode as number, headers: response.headers as Record<string, string>, body, text: body.toString() }
}
