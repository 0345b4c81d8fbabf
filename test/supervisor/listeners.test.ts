import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openListeners } from '../../src/supervisor/listeners.ts'

const alone = { isPortOurs: false }

describe('listeners', () => {
  test('refuse a port in use at the line that asked for it', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const at = { file: 'navigator.yml', line: 2, column: 11 }
    await expect(openListeners({ host: '127.0.0.1', port, at }, alone)).rejects.toMatchObject({
      code: 'NAV_LISTEN_FAILED',
      at,
      message: expect.stringContaining('EADDRINUSE'),
    })
    other.close()
  })

  test('refuse a port that another navigator shares among its workers', async () => {
    const other = createServer().listen({ host: '127.0.0.1', port: 0, reusePort: true })
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(openListeners({ host: '127.0.0.1', port }, alone)).rejects.toMatchObject({ code: 'NAV_LISTEN_FAILED' })
    other.close()
  })

  test('give every worker a socket on the port the system chose', async () => {
    using listeners = await openListeners({ host: '127.0.0.1', port: 0 }, alone)
    using first = listeners.bind()
    using second = listeners.bind()
    expect([first, second].map((socket) => socket.address().port)).toEqual(Array(2).fill(listeners.address.port))
  })

  test('take a host by its name', async () => {
    using listeners = await openListeners({ host: 'localhost', port: 0 }, alone)
    expect(listeners.address.host).toBe('localhost')
  })

  test('refuse an address that this machine does not have', async () => {
    await expect(openListeners({ host: '192.0.2.1', port: 0 }, alone)).rejects.toMatchObject({
      code: 'NAV_LISTEN_FAILED',
      hint: expect.stringContaining('does not have that address'),
    })
  })
})
