import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { NavigatorError } from '../errors.ts'
import { parseHtpasswd } from '../passwords/htpasswd.ts'
import type { Config } from './config.ts'
import { type MapNode, type Path, positionOf } from './tree.ts'

/**
 * What is wrong with the password files a configuration names: one that can't be read, at its key; each line that gives
 * nobody entry, at that line. Names are shown relative to `cwd` when that is shorter.
 */
export const checkPasswordFiles = async (
  config: Config,
  { root, cwd }: { root: MapNode; cwd: string },
): Promise<readonly NavigatorError[]> => {
  const keys = new Map<string, Path>()
  const add = (file: string | undefined, key: Path) => file !== undefined && !keys.has(file) && keys.set(file, key)
  add(config.auth.htpasswd, ['auth', 'htpasswd'])
  for (const [index, tenant] of config.tenants.entries()) add(tenant.htpasswd, ['applications', 'tenants', index, 'htpasswd'])
  const errors = await Promise.all([...keys].map(([file, key]) => checkFile(file, { shown: shorter(file, cwd), root, key })))
  return errors.flat()
}

type Named = { readonly shown: string; readonly root: MapNode; readonly key: Path }

const checkFile = async (file: string, { shown, root, key }: Named): Promise<readonly NavigatorError[]> => {
  try {
    const { problems } = parseHtpasswd(await readFile(file, 'utf8'))
    return problems.map(
      ({ line, column, message, hint }) => new NavigatorError('NAV_CONFIG_INVALID', message, { at: { file: shown, line, column }, hint }),
    )
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String((cause as NodeJS.ErrnoException).code)
    const hint = `make it with htpasswd -cB ${shown} NAME`
    return [
      new NavigatorError('NAV_CONFIG_INVALID', `cannot read password file ${shown}: ${why}`, { at: positionOf(root, key), hint, cause }),
    ]
  }
}

const shorter = (file: string, cwd: string): string => {
  const short = relative(cwd, file)
  return short.startsWith('..') ? file : short
}
