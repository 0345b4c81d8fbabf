/**
 * The app behind every proxy: answers by the last path segment with a prebuilt buffer and one write.
 * Listens on 127.0.0.1, port from PORT. A process of its own; as a tenant of navigator or beside the peers it is the same program.
 */
import { createHash } from 'node:crypto'
import net from 'node:net'

type Client = net.Socket & { unread: string; bodyLeft: number }

const body = (size: number): Buffer => Buffer.alloc(size, 'navigator carries traffic. ')
const plain = (size: number): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n\r\n`), body(size)])
const chunked = (): Buffer => {
  const half = body(512)
  const chunk = Buffer.concat([Buffer.from('200\r\n'), half, Buffer.from('\r\n')])
  return Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'),
    chunk,
    chunk,
    Buffer.from('0\r\n\r\n'),
  ])
}
const answers = new Map<string, Buffer>([
  ['1k', plain(1024)],
  ['10k', plain(10 * 1024)],
  ['100k', plain(100 * 1024)],
  ['10m', plain(10 * 1024 * 1024)],
  ['chunked', chunked()],
])
const otherwise = plain(2)

/** Answers every request that ends in the text; gives what is left of an unfinished head. */
const serve = (client: Client, text: string): string => {
  let rest = text
  for (;;) {
    if (client.bodyLeft > 0) {
      const taken = Math.min(client.bodyLeft, rest.length)
      client.bodyLeft -= taken
      rest = rest.slice(taken)
      if (client.bodyLeft > 0) return ''
      client.write(answers.get('1k')!)
    }
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return rest
    answerHead(client, rest.slice(0, end + 2))
    rest = rest.slice(end + 4)
  }
}

const answerHead = (client: Client, head: string): void => {
  const target = head.slice(0, head.indexOf(' HTTP/'))
  const segment = target.slice(target.lastIndexOf('/') + 1)
  if (segment === 'socket') {
    client.write(switching(head))
    return
  }
  client.bodyLeft = head.startsWith('POST') ? Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0) : 0
  if (client.bodyLeft === 0) client.write(answers.get(segment) ?? otherwise)
}

const switching = (head: string): string => {
  const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}

const server = net.createServer({ noDelay: true }, (socket) => {
  const client = Object.assign(socket, { unread: '', bodyLeft: 0 })
  client.setEncoding('latin1')
  client.on('data', (text) => {
    client.unread = serve(client, client.unread + text)
  })
  // The peer went away; there is nobody to tell.
  client.on('error', () => client.destroy())
})
server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 4096 })
