/** The import rules of ARCHITECTURE.md, read from the files themselves. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** What a worker's CGI children have in common with the supervisor's: how their environment, group and lines are treated. */
const SCRIPTS = ['src/process/environment.ts', 'src/process/group.ts', 'src/process/output.ts']

/** Who may import whom; the longest name that fits counts. What is not named is out of bounds. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  machines: ['machines', 'xstate'],
  workers: ['workers', ...SCRIPTS, 'src/protocol', 'src/log', 'src/errors.ts', 'http-proxy-3', 'isbot', 'mime', 'ws', 'node:'],
  'src/errors.ts': [],
  'src/protocol': ['src/protocol', 'src/errors.ts', 'node:'],
  'src/passwords': ['src/passwords', 'bcryptjs', 'node:'],
  'src/config': ['src/config', 'src/passwords/htpasswd.ts', 'src/errors.ts', 'yaml', 'zod', 'node:'],
  'src/process': ['src/process', 'src/errors.ts', 'pidusage', 'node:'],
  'src/log': ['src/log', 'src/errors.ts', 'pino', 'node:'],
  'src/inspect': [
    'src/inspect',
    'src/protocol',
    'src/supervisor',
    'src/log',
    'src/errors.ts',
    'machines',
    'xstate',
    'ws',
    '@dagrejs/dagre',
    'node:',
  ],
  'src/supervisor': ['src', 'machines', 'xstate', 'piscina', 'node:'],
  'src/cli': ['src', 'package.json', 'yaml', 'zod', 'node:'],
}
/** And whose types besides. */
const mayImportTypes: Readonly<Record<string, readonly string[]>> = {
  workers: ['src/config'],
  'src/protocol': ['src/config'],
  'src/inspect': ['src/config'],
}
/** Rooms that nobody but their own threads may enter, whatever else is allowed. */
const closed: Readonly<Record<string, readonly string[]>> = { 'src/supervisor': ['src/cli'], 'src/cli': ['workers', 'machines'] }

const files = globSync('{src,machines,workers}/**/*.ts', { cwd: root })
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

type Import = { readonly target: string; readonly isType: boolean }

const importsOf = (file: string): readonly Import[] => {
  const text = read(file)
  const clauses = [...text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s*['"]([^'"]+)['"]/gm)]
  const bare = [...text.matchAll(/^\s*import\s*(?<type>)['"]([^'"]+)['"]|\bimport\(\s*(?<none>)['"]([^'"]+)['"]/gm)]
  return [
    ...clauses.map(([, type, target]) => ({ target: resolve(file, target!), isType: type !== undefined })),
    ...bare.map(([, , first, , second]) => ({ target: resolve(file, (first ?? second)!), isType: false })),
  ]
}
const resolve = (file: string, specifier: string): string =>
  specifier.startsWith('.') ? relative(root, join(root, dirname(file), specifier)) : specifier

const longest = (rules: Readonly<Record<string, unknown>>, file: string): string | undefined =>
  Object.keys(rules)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0]

const fits = (target: string, allowed: readonly string[]): boolean =>
  allowed.some((room) => target === room || target.startsWith(room.endsWith(':') ? room : `${room}/`))

describe('the architecture', () => {
  test.each(files)('%s keeps to its neighbours', (file) => {
    const room = longest(mayImport, file)
    expect(room, `${file} is in no room of the architecture`).toBeDefined()
    const strays = importsOf(file).filter(({ target, isType }) => {
      if (fits(target, closed[room!] ?? [])) return true
      return !fits(target, mayImport[room!]!) && !(isType && fits(target, mayImportTypes[room!] ?? []))
    })
    expect(strays).toEqual([])
  })

  test('is made of files of at most 250 lines', () => {
    expect(files.filter((file) => read(file).trimEnd().split('\n').length > 250)).toEqual([])
  })

  test('has no drawer for odds and ends', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|managers?|misc)(\/|\.ts$)/.test(file))).toEqual([])
  })

  test('has no default exports but the task of the worker threads', () => {
    const withDefault = files.filter((file) => /^export default/m.test(read(file)))
    expect(withDefault.filter((file) => !file.startsWith('workers/') && !file.endsWith('-task.ts'))).toEqual([])
    expect(withDefault.length).toBeLessThanOrEqual(2)
  })

  test('keeps machines free of clocks, chance and I/O', () => {
    const machines = files.filter((file) => file.startsWith('machines/'))
    expect(
      machines.filter((file) => /\b(Date\.now|Math\.random|setTimeout|setInterval|process\.(env|exit|pid|on)\b)\b/.test(read(file))),
    ).toEqual([])
  })

  test('gives every invoked actor an id and somewhere to go when it fails', () => {
    for (const file of files.filter((name) => name.startsWith('machines/'))) {
      const invokes = read(file)
        .split(/\binvoke: \{/)
        .slice(1)
      for (const invoke of invokes) expect(invoke.slice(0, 400), file).toMatch(/^\s*id: [\s\S]*onError: /)
    }
  })
})
