import { accessSync, constants, statSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import type { CgiScriptConfig } from './config.ts'
import { splitEnvironment } from './environment.ts'
import type { Surroundings } from './resolve-tenants.ts'
import type { File } from './schema.ts'
import { type Path, positionOf } from './tree.ts'

/** Scripts with absolute paths, and a warning for each that cannot run or will never be asked. */
export const resolveCgiScripts = (
  scripts: NonNullable<File['server']['cgi_scripts']>,
  { root, cwd, findings }: Surroundings,
): readonly CgiScriptConfig[] => {
  const resolved = scripts.map(({ env = {}, method, reload_config, script, ...rest }) => ({
    ...rest,
    script: resolvePath(cwd, script),
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(reload_config === undefined ? {} : { reload_config: resolvePath(cwd, reload_config) }),
    ...splitEnvironment(env),
  }))
  for (const [index, script] of resolved.entries()) {
    const path: Path = ['server', 'cgi_scripts', index]
    const flaw = flawOf(script.script)
    if (flaw)
      findings.warn(`server.cgi_scripts: ${script.script} ${flaw}`, positionOf(root, [...path, 'script']), 'requests for it get 500')
    const first = resolved.findIndex((other) => other.path === script.path && (other.method ?? script.method) === script.method)
    if (first < index) {
      const line = positionOf(root, ['server', 'cgi_scripts', first]).line
      findings.warn(`this script for ${script.path} is never run: the one on line ${line} comes first`, positionOf(root, path))
    }
  }
  return resolved
}

/** Why it could not be run now, by the user who asks. */
const flawOf = (file: string): string | undefined => {
  try {
    const stat = statSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return 'is not there'
    if (!stat.isFile()) return 'is not a file'
    accessSync(file, constants.X_OK)
    return undefined
  } catch {
    return 'cannot be executed'
  }
}
