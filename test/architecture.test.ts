import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Who may import whom, the longest folder first. What is not named on the right is out of bounds. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  machines: ['machines', 'xstate'],
  workers: ['workers', 'src/protocol', 'src/log', 'src/errors.ts', 'http-proxy-3', 'mime', 'ws', 'node:'],
  'src/protocol': ['src/protocol', 'src/errors.ts', 'node:'],
  'src/config': ['src/config', 'src/errors.ts', 'yaml', 'zod', 'node:'],
  'src/process': ['src/process', 'src/errors.ts', 'pidusage', 'node:'],
  'src/log': ['src/log', 'src/errors.ts', 'pino', 'node:'],
  'src/inspect': ['src', 'xstate', 'node:'],
  'src/cli': ['src', 'package.json', 'node:'],
  'src/supervisor': ['src', 'machines', 'xstate', 'piscina', 'node:'],
  'src/errors.ts': [],
}

const files = globSync('{src,machines,workers}/**/*.ts', { cwd: root }).sort()
const source = (file: string): string => readFileSync(join(root, file), 'utf8')

/** What is imported at run time: types alone cross no border. */
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'"=;]*?\bfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

const importsOf = (file: string): readonly string[] =>
  [...source(file).matchAll(IMPORT)]
    .map(([, statement, call]) => statement ?? call!)
    .map((target) => (target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target))

const rulesFor = (file: string): readonly string[] | undefined => {
  const folders = Object.keys(mayImport).filter((folder) => file === folder || file.startsWith(`${folder}/`))
  return mayImport[folders.sort((a, b) => b.length - a.length)[0] ?? '']
}

const allows = (rule: string, target: string): boolean => target === rule || target.startsWith(rule.endsWith(':') ? rule : `${rule}/`)

test.each(files)('%s imports only what its place may', (file) => {
  const rules = rulesFor(file)
  expect(rules, 'every folder has its rules').toBeDefined()
  expect(importsOf(file).filter((target) => !rules!.some((rule) => allows(rule, target)))).toEqual([])
})

test('no file is longer than 250 lines', () => {
  expect(files.filter((file) => source(file).split('\n').length > 251)).toEqual([])
})

test('no folder and no file is called utils, helpers, common or manager', () => {
  expect(files.filter((file) => /(^|[/-])(utils?|helpers?|common|manager)\b/.test(file))).toEqual([])
})
