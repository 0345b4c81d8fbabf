// A standalone server of the Action Cable protocol: channels are what clients subscribe to, and what the app posts to.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const PING_EVERY_MS = 3_000
const subscriptions = new Map()

const server = createServer(async (request, response) => {
  // Only the app reaches this: navigator passes on nothing but /cable.
  if (request.method !== 'POST' || request.url !== '/broadcast') return response.writeHead(404).end()
  let body = ''
  for await (const chunk of request) body += chunk
  const { channel, message } = JSON.parse(body)
  const identifier = JSON.stringify({ channel })
  for (const socket of subscriptions.get(identifier) ?? []) socket.send(JSON.stringify({ identifier, message }))
  response.writeHead(204).end()
})

const sockets = new WebSocketServer({
  server,
  path: '/cable',
  handleProtocols: (offered) => offered.has('actioncable-v1-json') && 'actioncable-v1-json',
})

sockets.on('connection', (socket, request) => {
  socket.send(JSON.stringify({ type: 'welcome', from: request.headers['x-real-ip'] }))
  const ping = setInterval(() => socket.send(JSON.stringify({ type: 'ping', message: Math.floor(Date.now() / 1000) })), PING_EVERY_MS)
  socket.on('message', (text) => {
    const { command, identifier } = JSON.parse(text)
    if (command === 'subscribe') subscribe(socket, identifier)
    else if (command === 'unsubscribe') subscriptions.get(identifier)?.delete(socket)
  })
  socket.on('close', () => {
    clearInterval(ping)
    for (const members of subscriptions.values()) members.delete(socket)
  })
})

const subscribe = (socket, identifier) => {
  if (!subscriptions.has(identifier)) subscriptions.set(identifier, new Set())
  subscriptions.get(identifier).add(socket)
  socket.send(JSON.stringify({ type: 'confirm_subscription', identifier }))
}

server.listen(Number(process.env.CABLE_PORT), '127.0.0.1')
