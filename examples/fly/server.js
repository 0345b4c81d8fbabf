// Tells which machine answered. What a program with data of its own on each machine looks like to navigator.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const { PORT, FLY_REGION = 'local', FLY_MACHINE_ID = 'none' } = process.env
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const server = createServer(async (request, response) => {
  let bytes = 0
  for await (const chunk of request) bytes += chunk.length
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ region: FLY_REGION, machine: FLY_MACHINE_ID, method: request.method, url: request.url, bytes }))
})

// A WebSocket that says where it ended and then sends back what it gets.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + MAGIC)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nX-Machine: ${FLY_MACHINE_ID}\r\n\r\n`,
  )
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})

server.listen(Number(PORT), '127.0.0.1')
