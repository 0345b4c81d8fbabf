import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Running, root, startNavigator } from './harness.ts'

/** The demo as it is in the repository, but on a port of its own and with databases that go with the test. */
const startDemo = async (): Promise<Running> => {
  const text = readFileSync(join(root, 'examples/demo/navigator.yml'), 'utf8')
    .replaceAll('examples/demo', join(root, 'examples/demo'))
    .replace('DATABASE: data', 'DATABASE: ${TEST_INSTANCE}/data')
    .replace('DATA: data', 'DATA: ${TEST_INSTANCE}/data')
    .replace('${PORT:-3000}', '0')
  return startNavigator({ config: `${text}\nlogging: { format: json }\n`, env: { DEMO_ARCHIVE_AFTER: '0' } })
}

const post = (demo: Running, path: string, body: string) =>
  demo.get(path, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })

describe('the demo', () => {
  test('shows on its front page who is asleep', async () => {
    await using demo = await startDemo()
    expect((await demo.get('/garden/')).status).toBe(200)
    const { body } = await demo.get('/')
    expect(body).toMatch(
      /Garden[\s\S]*awake[\s\S]*Kitchen[\s\S]*asleep[\s\S]*Travel[\s\S]*asleep[\s\S]*archivist <span class="badge awake">/,
    )
  })

  test('keeps each list in a database of its own', async () => {
    await using demo = await startDemo()
    expect(await post(demo, '/garden/add', 'text=Water+%3Ceverything%3E')).toMatchObject({ status: 303, headers: { location: '/garden/' } })
    expect((await demo.get('/garden/')).body).toContain('Water &#60;everything&#62;')
    expect((await demo.get('/kitchen/')).body).not.toContain('Water')
  })

  test('has one process that archives what is done in any list', async () => {
    await using demo = await startDemo()
    await post(demo, '/travel/toggle', 'id=1')
    await demo.logged('archived 1 of travel.db')
    expect((await demo.get('/travel/')).body).toMatch(/Archived \(1\)[\s\S]*Renew the passport/)
  })

  test('serves its assets', async () => {
    await using demo = await startDemo()
    const answers = await Promise.all(['style.css', 'app.js', 'icon.svg', 'none'].map((name) => demo.get(`/assets/${name}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404])
  })
})
