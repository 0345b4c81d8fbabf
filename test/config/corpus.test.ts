import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { readConfig } from '../../src/config/load.ts'
import { accounts } from './accounts.ts'

const corpus = join(import.meta.dirname, 'corpus')
const env = { SECRET_KEY_BASE: 'very-secret', LOGGER_TOKEN: 'token', MAIN_DB_URL: 'postgres://main', API_TOKEN: 'api-token' }

/** Configuration and warnings, or all errors, as a person would read them. */
const outcomeOf = (path: string): string => {
  const file = path.replace(/\.txt$/, '')
  try {
    const { config, warnings } = readConfig(readFileSync(join(corpus, path), 'utf8'), { file, env, cwd: '/srv/site', accounts })
    const notes = warnings.map(({ at, message, hint }) => `${at.file}:${at.line}:${at.column} ${message}${hint ? `\n  hint: ${hint}` : ''}`)
    return `${JSON.stringify(config, null, 2)}\n---\n${notes.join('\n')}\n`
  } catch (error) {
    if (error instanceof ConfigError) return `${error}\n`
    throw error
  }
}

/** Broken files end in .txt, so that no tool takes them for YAML. */
const filesIn = (directory: string) => readdirSync(join(corpus, directory)).filter((name) => /\.yml(\.txt)?$/.test(name))

describe('a file of each dialect', () => {
  test.each(filesIn('.'))('%s becomes the configuration beside it', async (file) => {
    await expect(outcomeOf(file)).toMatchFileSnapshot(join(corpus, file.replace(/\.yml(\.txt)?$/, '.expected')))
  })
})

describe('a broken file', () => {
  test.each(filesIn('broken'))('%s gets the errors beside it', async (file) => {
    await expect(outcomeOf(`broken/${file}`)).toMatchFileSnapshot(join(corpus, 'broken', file.replace(/\.yml(\.txt)?$/, '.expected')))
  })
})
