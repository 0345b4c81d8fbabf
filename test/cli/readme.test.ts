import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root, runNavigator, testEnvironment } from '../end-to-end/harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-readme-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const documents = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md'].map((name) => readFileSync(join(root, name), 'utf8'))

test('the configuration in README.md is valid', async () => {
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(documents[0]!)!
  writeFileSync(join(directory, 'navigator.yml'), yaml!)
  const result = await runNavigator(['check'], { cwd: directory, env: testEnvironment(directory) })
  expect(result).toEqual({ code: 0, stdout: 'navigator.yml is valid: 2 tenants, 1 managed process\n', stderr: '' })
})

test('every file that the documents link is there', () => {
  const links = documents.flatMap((text) => [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target]) => target!))
  expect(links.filter((target) => !existsSync(join(root, target)))).toEqual([])
})
