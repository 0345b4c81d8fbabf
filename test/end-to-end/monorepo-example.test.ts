import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findDjangoPython, findRuby } from '../optional-parts.ts'
import { root, startNavigator } from './harness.ts'
import { portRange } from './site.ts'

const python = findDjangoPython()
const example = await readFile(join(root, 'examples/multi-tenant-monorepo-example.yml'), 'utf8')

/** As a user runs it from the repository root, but with ports and data of its own. */
const relocated = (): string =>
  example
    .replace('listen: ${PORT:-3000}', 'listen: "127.0.0.1:0"')
    .replace('start_port: 4000', `start_port: ${portRange().start_port}`)
    .replaceAll(/(root|working_dir): examples\//g, `$1: ${root}/examples/`)
    .concat('\nlogging:\n  format: json\n')

test.skipIf(findRuby() === undefined || python === undefined)(
  'the monorepo example runs Rack apps under Puma, a Node and a Django app, each tenant on its own database',
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'navigator-monorepo-'))
    try {
      await using site = await startNavigator({
        config: relocated(),
        // Debian's python3, which has Django, before any other.
        env: { DATA_DIR: data, PATH: `${dirname(python!)}:${process.env['PATH']}` },
      })
      const json = async (path: string, options?: Parameters<typeof site.get>[1]) => JSON.parse((await site.get(path, options)).body)

      const form = { method: 'POST', body: 'name=Ada', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
      expect(await json('/boston/', form)).toMatchObject({ database: 'boston.sqlite3', guests: ['Ada'], mode: 'production' })
      expect(await json('/seattle/')).toMatchObject({ database: 'seattle.sqlite3', guests: [] })
      expect(await json('/demo/')).toMatchObject({ database: 'demo.sqlite3', mode: 'demo' })
      expect(await json('/api/')).toMatchObject({ app: 'api', path: '/api/' })
      expect(await json('/admin/')).toMatchObject({ app: 'admin', database: 'admin.sqlite3' })
      expect((await site.ps()).rows.find(({ name }) => name === 'jobs')?.state).toBe('ready')
    } finally {
      await rm(data, { recursive: true, force: true })
    }
  },
)
