import { expect, test } from 'vitest'
import { childEnvironment } from '../../src/process/environment.ts'

test('its own values win over the lent port, and that over what navigator was given', () => {
  const base = { HOME: '/h', PORT: '3000', A: 'base' }
  expect(childEnvironment(base, { lent: { PORT: '4000', B: 'lent' }, own: { A: 'own' } })).toEqual({
    HOME: '/h',
    PORT: '4000',
    A: 'own',
    B: 'lent',
  })
  expect(childEnvironment(base, { lent: { PORT: '4000' }, own: { PORT: '9' } })['PORT']).toBe('9')
})

test('what is meant for navigator does not reach a child, what the child’s own section says does', () => {
  const base = {
    NAVIGATOR_RUNTIME_DIR: '/run',
    NOTIFY_SOCKET: '/s',
    LISTEN_FDS: '1',
    NODE_CHANNEL_FD: '3',
    NODE_ENV: 'production',
    LISTEN_HOST: 'x',
  }
  expect(childEnvironment(base, { own: { NAVIGATOR_X: '1' } })).toEqual({ NODE_ENV: 'production', LISTEN_HOST: 'x', NAVIGATOR_X: '1' })
})

test('the port is put in the values of its own section only', () => {
  expect(childEnvironment({ A: '${PORT}' }, { own: { URL: 'http://localhost:{{port}}/${port}/${PORT}' }, port: 4000 })).toEqual({
    A: '${PORT}',
    URL: 'http://localhost:4000/4000/4000',
  })
})

test('leaves out what the child must not inherit', () => {
  expect(childEnvironment({ A: 'a', B: 'b' }, { own: {}, unset: ['A'] })).toEqual({ B: 'b' })
})
