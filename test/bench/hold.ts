import { execFileSync } from 'node:child_process'
import net from 'node:net'

/** Connections that are open and quiet. */
export type Held = {
  readonly count: number
  /** How many the other side has closed meanwhile. */
  lost(): number
  release(): void
}

const atOnce = 100
const limitMs = 30_000

/** Opens keep-alive connections, asks once on each, and holds them. */
export const holdKeepAlive = (port: number, count: number): Promise<Held> => {
  const head = `GET /1k HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
  return hold(count, port, head, (text) => text.startsWith('HTTP/1.1 200') && text.length - text.indexOf('\r\n\r\n') - 4 >= 1024)
}

/** Opens WebSockets to the app and holds them. */
export const holdWebSockets = (port: number, count: number): Promise<Held> => {
  const head =
    `GET /socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  return hold(count, port, head, (text) => text.startsWith('HTTP/1.1 101') && text.includes('\r\n\r\n'))
}

/** The most descriptors one process may have here, whatever it asks for. */
export const descriptorLimit = (): number => {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}

const hold = async (count: number, port: number, head: string, isWhole: (text: string) => boolean): Promise<Held> => {
  const sockets: net.Socket[] = []
  let lost = 0
  const release = () => {
    for (const socket of sockets) socket.destroy()
  }
  try {
    while (sockets.length < count) {
      const opening = Array.from({ length: Math.min(atOnce, count - sockets.length) }, () => open(port, head, isWhole))
      sockets.push(...(await Promise.all(opening)))
    }
  } catch (error) {
    release()
    throw new Error(`connection ${sockets.length} to port ${port} could not be held`, { cause: error })
  }
  for (const socket of sockets) socket.once('close', () => lost++)
  return { count, lost: () => lost, release }
}

const open = (port: number, head: string, isWhole: (text: string) => boolean): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(head))
    let text = ''
    const fail = (why: string) => {
      socket.destroy()
      reject(new Error(`${why}; it had answered ${JSON.stringify(text.slice(0, 80))}`))
    }
    const read = (chunk: string) => {
      text += chunk
      if (!isWhole(text)) return
      socket.setTimeout(0).off('data', read).off('close', onClose)
      // Flowing on without a reader: an end or reset must be seen.
      resolve(socket.resume())
    }
    const onClose = () => fail('the proxy closed the connection')
    socket.setEncoding('latin1')
    socket.on('data', read).on('close', onClose)
    socket.on('error', (error) => fail(error.message))
    socket.setTimeout(limitMs, () => fail(`nothing came for ${limitMs} ms`))
  })
