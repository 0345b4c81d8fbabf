// The app: a page that listens to the cable server, a form that has it tell everybody, and a WebSocket of its own.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const { PORT, CABLE_URL } = process.env
const page = readFileSync(new URL('page.html', import.meta.url))

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.setHeader('content-type', 'text/html; charset=utf-8').end(page)
  let message = ''
  for await (const chunk of request) message += chunk
  await fetch(`${CABLE_URL}/broadcast`, { method: 'POST', body: JSON.stringify({ channel: 'ChatChannel', message }) })
  response.writeHead(204).end()
})

// How many have the page open.
const online = new WebSocketServer({ server })
const tellAll = () => {
  for (const socket of online.clients) socket.send(String(online.clients.size))
}
online.on('connection', (socket) => {
  tellAll()
  socket.on('close', tellAll)
})

server.listen(Number(PORT), '127.0.0.1')
