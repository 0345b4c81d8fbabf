import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, fromPromise, type SnapshotFrom } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { type ReadyCommand, serverMachine } from '../../machines/server.ts'
import { leafOf, settled } from './life.ts'

/** Each step of the server's life ends when the test says so. */
const openServer = () => {
  const begun: string[] = []
  const files: (string | undefined)[] = []
  const ready: unknown[] = []
  const steps = new Map<string, PromiseWithResolvers<unknown>>()
  const step = (name: string) => () => {
    begun.push(name)
    const ending = Promise.withResolvers<unknown>()
    steps.set(name, ending)
    return ending.promise
  }
  const end = async (name: string, report?: unknown) => {
    steps.get(name)!.resolve(report)
    await settled()
  }
  const actors = {
    start: fromPromise<void>(async () => void (await step('start')())),
    ready: fromCallback<ReadyCommand>(({ receive }) => {
      receive(({ mayReload }) => ready.push(mayReload))
      return () => void ready.push('over')
    }),
    reload: fromPromise<unknown, { file: string | undefined }>(({ input }) => {
      files.push(input.file)
      return step('reload')()
    }),
    drain: fromPromise<void>(async () => void (await step('drain')())),
    stop: fromPromise<void>(async () => void (await step('stop')())),
  }
  const actor = createActor(serverMachine.provide({ actors }))
  const told: unknown[] = []
  actor.on('*', (event) => told.push(event))
  actor.start()
  const fail = async (name: string, error: Error) => {
    steps.get(name)!.reject(error)
    await settled()
  }
  return { actor, begun, files, ready, told, end, fail, state: () => leafOf(actor.getSnapshot().value) }
}

describe('a server', () => {
  test('starts, serves, drains and stops', async () => {
    const server = openServer()
    await server.end('start')
    expect(server.state()).toBe('serving')
    server.actor.send({ type: 'server.stop', reason: 'SIGTERM' })
    await server.end('drain')
    await server.end('stop')
    expect([server.state(), server.begun]).toEqual(['stopped', ['start', 'drain', 'stop']])
  })

  test('cleans up after a start that failed, and keeps the error', async () => {
    const server = openServer()
    const error = new Error('port in use')
    await server.fail('start', error)
    expect(server.state()).toBe('stopping')
    await server.end('stop')
    expect(server.actor.getSnapshot()).toMatchObject({ status: 'done', context: { error } })
  })

  test('tells the number and the report of each reload', async () => {
    const server = openServer()
    await server.end('start')
    server.actor.send({ type: 'server.reload' })
    await server.end('reload', 'all well')
    expect([server.state(), server.told]).toEqual(['serving', [{ type: 'reload.finished', number: 1, report: 'all well' }]])
  })

  test('goes on serving after a reload that was refused', async () => {
    const server = openServer()
    await server.end('start')
    server.actor.send({ type: 'server.reload' })
    const error = new Error('unknown key')
    await server.fail('reload', error)
    expect([server.state(), server.told]).toEqual(['serving', [{ type: 'reload.failed', number: 1, error }]])
  })

  test('reloads once more for all that were asked for during a reload', async () => {
    const server = openServer()
    await server.end('start')
    for (let i = 0; i < 4; i++) server.actor.send({ type: 'server.reload' })
    await server.end('reload', 1)
    expect(server.state()).toBe('reloading')
    await server.end('reload', 2)
    expect([server.state(), server.begun]).toEqual(['serving', ['start', 'reload', 'reload']])
  })

  test('reloads after the start when it was asked to during it', async () => {
    const server = openServer()
    server.actor.send({ type: 'server.reload' })
    await server.end('start')
    expect(server.state()).toBe('reloading')
  })

  test('can be stopped during a reload', async () => {
    const server = openServer()
    await server.end('start')
    server.actor.send({ type: 'server.reload' })
    server.actor.send({ type: 'server.stop', reason: 'SIGTERM' })
    expect(server.state()).toBe('draining')
  })

  test('runs ready hooks after the start and after each reload that was not refused, until it stops', async () => {
    const server = openServer()
    await server.end('start')
    server.actor.send({ type: 'server.reload' })
    await server.end('reload')
    server.actor.send({ type: 'server.reload' })
    await server.fail('reload', new Error('unknown key'))
    server.actor.send({ type: 'server.stop', reason: 'SIGTERM' })
    expect(server.ready).toEqual([true, false, 'over'])
  })

  test('takes up the last file named while another reload was under way', async () => {
    const server = openServer()
    await server.end('start')
    server.actor.send({ type: 'server.reload', file: 'a.yml' })
    for (const file of ['b.yml', 'c.yml']) server.actor.send({ type: 'server.reload', file })
    server.actor.send({ type: 'server.reload' })
    await server.end('reload')
    await server.end('reload')
    server.actor.send({ type: 'server.reload' })
    expect(server.files).toEqual(['a.yml', 'c.yml', undefined])
  })

  test('can always come to its end', () => {
    const types = ['start', 'reload', 'drain', 'stop'].flatMap((id) => [`xstate.done.actor.${id}`, `xstate.error.actor.${id}`])
    const events = [{ type: 'server.reload' }, { type: 'server.stop', reason: 'test' }, ...types.map((type) => ({ type }))]
    type Snapshot = SnapshotFrom<typeof serverMachine>
    const serializeState = ({ value, context }: Snapshot) => JSON.stringify([value, context.isReloadPending])
    const options = { events, serializeState, stopWhen: ({ status }: Snapshot) => status !== 'active' }
    for (const path of getShortestPaths(serverMachine, options as never)) {
      if ((path.state as Snapshot).status !== 'active') continue
      const onwards = getShortestPaths(serverMachine, { ...options, fromState: path.state } as never)
      expect(onwards.some((next) => leafOf((next.state as Snapshot).value) === 'stopped')).toBe(true)
    }
  })
})
