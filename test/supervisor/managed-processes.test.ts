import { describe, expect, test } from 'vitest'
import { managed, openSite } from './site.ts'

const lives = (name: string) =>
  `console.log('${name} up'); setInterval(() => {}, 1e6); process.on('SIGTERM', () => { console.log('${name} down'); process.exit(0) })`

describe.concurrent('managed processes', () => {
  test('start in the order of the file and stop in reverse', async ({ expect }) => {
    const site = await openSite({ processes: [managed('one', lives('one')), managed('two', lives('two'))] })
    await expect.poll(() => site.lines.filter((line) => line.endsWith('up')).length).toBe(2)
    expect((await site.row('one')).since).toBeLessThanOrEqual((await site.row('two')).since)
    await site[Symbol.asyncDispose]()
    expect(site.lines.filter((line) => line.endsWith('down'))).toEqual(['[two.stdout] two down', '[one.stdout] one down'])
  })

  test('are started again after a crash', async () => {
    await using site = await openSite({ processes: [managed('one', lives('one'))] })
    const { pid } = await site.row('one')
    process.kill(pid!, 'SIGKILL')
    expect(await site.until('one', 'crashed')).toMatchObject({ lastExit: { signal: 'SIGKILL' }, restarts: 1 })
    const again = await site.until('one', 'ready')
    expect(again.pid).not.toBe(pid)
  })

  test('are left alone after they ended with code 0', async () => {
    await using site = await openSite({ processes: [managed('one', '')] })
    expect(await site.until('one', 'stopped')).toMatchObject({ lastExit: { code: 0 }, restarts: 0 })
  })

  test('that cannot be executed keep nobody from serving', async () => {
    await using site = await openSite({ processes: [managed('one', '', { command: '/nowhere/redis' })] })
    expect(await site.row('one')).toMatchObject({ state: 'crashed', failure: { reason: expect.stringContaining('/nowhere/redis') } })
  })

  test('with a start delay do not hold up the server', async () => {
    await using site = await openSite({ processes: [managed('late', lives('late'), { start_delay: 60_000 })] })
    expect((await site.row('late')).state).toBe('starting')
  })

  test('are replaced by a reload when they changed, stopped when they are gone, started when they are new', async () => {
    const [one, two] = [managed('one', lives('one')), managed('two', lives('two'))]
    await using site = await openSite({ processes: [one, two] })
    const { pid } = await site.row('one')
    site.change({ processes: [managed('one', lives('one'), { env: { X: '1' } }), managed('three', lives('three'))] })
    expect((await site.supervisor.reload()).processes).toEqual({ added: ['three'], removed: ['two'], changed: ['one'], retuned: [] })
    const rows = (await site.supervisor.ps()).rows.filter(({ kind }) => kind === 'process')
    expect(rows.map(({ name, state }) => [name, state])).toEqual([
      ['one', 'ready'],
      ['three', 'ready'],
    ])
    expect(rows[0]!.pid).not.toBe(pid)
  })

  test('are stopped only when all of their group has ended', async () => {
    const script = `setInterval(() => {}, 1e6); process.on('SIGTERM', () => setTimeout(() => { console.log('down'); process.exit(0) }, 300)); console.log('up')`
    const shell = managed('one', '', {
      command: '/bin/sh',
      args: ['-c', '"$NODE" -e "$SCRIPT"; true'],
      env: { NODE: process.execPath, SCRIPT: script },
    })
    await using site = await openSite({ processes: [shell] })
    await site.printed('[one.stdout] up')
    await site.supervisor.stop('test')
    expect(site.lines).toContain('[one.stdout] down')
  })
})
