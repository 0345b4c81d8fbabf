import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { NavigatorError } from '../../src/errors.ts'
import { askInstance, type ControlCommands, openControlSocket, RemoteError } from '../../src/inspect/control-socket.ts'

const directory = mkdtempSync(join(tmpdir(), 'navigator-control-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let sockets = 0
const open = async (commands: ControlCommands) => {
  const control = await openControlSocket(join(directory, `${++sockets}.sock`), commands)
  return { ...control, [Symbol.asyncDispose]: () => control.close() }
}
const ask = (path: string, command: string) => askInstance(path, { command }, { timeoutMs: 5_000 })
const say = async (path: string, words: string) => {
  const socket = connect({ path, allowHalfOpen: true })
  socket.end(words)
  return JSON.parse(await text(socket))
}

describe('control socket', () => {
  test('answers a command with its result', async () => {
    await using control = await open({ ps: async () => ({ rows: [1, 2] }) })
    expect(await ask(control.path, 'ps')).toEqual({ rows: [1, 2] })
  })

  test('may be opened by its owner only', async () => {
    await using control = await open({})
    expect(statSync(control.path).mode & 0o777).toBe(0o600)
  })

  test('takes the place of a socket that a killed instance left', async () => {
    await using left = await open({})
    const { path } = left
    const control = await openControlSocket(path, { ps: async () => 'new' })
    expect(await ask(path, 'ps')).toBe('new')
    await control.close()
  })

  test('hands on every error with its place and hint', async () => {
    const at = { file: '/a.yml', line: 3, column: 5 }
    const errors = [1, 2].map((n) => new NavigatorError('NAV_CONFIG_INVALID', `wrong ${n}`, { at, hint: 'right it' }))
    const refuse = async () => {
      throw Object.assign(new NavigatorError('NAV_CONFIG_INVALID', 'both'), { errors })
    }
    await using control = await open({ reload: refuse })
    const error = await ask(control.path, 'reload').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RemoteError)
    expect((error as RemoteError).errors).toEqual(
      [1, 2].map((n) => ({ code: 'NAV_CONFIG_INVALID', message: `wrong ${n}`, at, hint: 'right it' })),
    )
  })

  test.each(['nonsense\n', '{"order":"ps"}\n', '[]\n', 'null\n', '{"command":"toString"}\n', '', `${'x'.repeat(70_000)}\n`])(
    'refuses %.20j and goes on',
    async (words) => {
      await using control = await open({ ps: async () => 'fine' })
      expect(await say(control.path, words)).toMatchObject({ ok: false, errors: [{ code: 'NAV_CONTROL_FAILED' }] })
      expect(await ask(control.path, 'ps')).toBe('fine')
    },
  )

  test('outlives a client that goes away before its answer', async () => {
    const { promise: answer, resolve } = Promise.withResolvers<string>()
    await using control = await open({ slow: () => answer, ps: async () => 'fine' })
    const socket = connect(control.path)
    await once(socket, 'connect')
    socket.write('{"command":"slow"}\n')
    socket.destroy()
    resolve('too late')
    expect(await ask(control.path, 'ps')).toBe('fine')
  })

  test('is gone when it has been closed, even while a command waits', async () => {
    const control = await openControlSocket(join(directory, 'closed.sock'), { wait: () => new Promise(() => {}) })
    const waiting = ask(control.path, 'wait').catch((error: unknown) => error)
    await ask(control.path, 'unknown').catch(() => {})
    await control.close()
    expect(await waiting).toMatchObject({ code: 'NAV_CONTROL_FAILED' })
    expect(existsSync(control.path)).toBe(false)
  })

  test('that nobody serves is an instance that does not run', async () => {
    await expect(ask(join(directory, 'none.sock'), 'ps')).rejects.toMatchObject({ code: 'NAV_NOT_RUNNING' })
  })

  test('that does not answer in time is reported', async () => {
    await using control = await open({ wait: () => new Promise(() => {}) })
    await expect(askInstance(control.path, { command: 'wait' }, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'NAV_CONTROL_FAILED' })
  })
})
