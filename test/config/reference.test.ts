import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { renderReference } from '../../scripts/reference-page.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { keysOf } from './schema-keys.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const schema = configJsonSchema()

describe('the reference', () => {
  test('is what bin/node scripts/reference.ts writes', () => {
    expect(read('docs/navigator.schema.json'), 'run bin/node scripts/reference.ts').toBe(`${JSON.stringify(schema, null, 2)}\n`)
    expect(read('docs/configuration.md'), 'run bin/node scripts/reference.ts').toBe(renderReference(schema))
  })

  test('has every key, with its meaning', () => {
    const page = read('docs/configuration.md')
    for (const { key, schema: described } of keysOf(schema)) {
      expect(page).toContain(`\`${key}\``)
      expect(described.description).toMatch(/\.$/)
    }
  })

  test('leads to no heading that is not there', () => {
    const page = read('docs/configuration.md')
    const headings = [...page.matchAll(/^#+ `(.*)`$/gm)].map(([, path]) => path!.replace(/[^a-z\d_-]/g, ''))
    const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor!)
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter((anchor) => !headings.includes(anchor))).toEqual([])
  })
})

describe('the JSON Schema', () => {
  const validate = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
  const accepts = (file: unknown): boolean => validate.safeParse(file).success

  test.each(globSync('examples/**/*.yml', { cwd: root }))('accepts %s, which names it for editors', (file) => {
    const text = read(file)
    expect(validate.safeParse(parse(text)).error?.issues).toBeUndefined()
    const [, named] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text.split('\n', 1)[0]!) ?? []
    expect(existsSync(resolve(root, dirname(file), named ?? 'missing'))).toBe(true)
  })

  test('takes values as people write them', () => {
    expect(accepts({ server: { listen: 3000, workers: 2, trust_proxy: true, health_check: '/up', bot_detection: false } })).toBe(true)
    expect(accepts({ server: { listen: '${PORT:-3000}', workers: '${WORKERS}', trust_proxy: 'on' } })).toBe(true)
    expect(accepts({ applications: { pools: { timeout: 300, default_memory_limit: '512M' }, env: { PORT: 4200, GONE: null } } })).toBe(true)
    expect(accepts({ applications: { args: ['-p', 3000], tenants: [{ name: 'boston', maintenance: true }] } })).toBe(true)
  })

  test('refuses what navigator refuses', () => {
    expect(accepts({ server: { lisen: 3000 } })).toBe(false)
    expect(accepts({ server: { trust_proxy: 'perhaps' } })).toBe(false)
    expect(accepts({ server: { workers: 0 } })).toBe(false)
    expect(accepts({ server: { idle: { action: 'sleep' } } })).toBe(false)
    expect(accepts({ server: { cgi_scripts: [{ path: '/x' }] } })).toBe(false)
  })

  test('is what navigator schema prints', () => {
    const printed = execFileSync(join(root, 'bin/navigator'), ['schema'], { encoding: 'utf8' })
    expect(JSON.parse(printed)).toEqual(schema)
  })
})
