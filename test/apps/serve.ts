/** How a test app listens: on the port it was given, saying so in one line once it does. */
import { createServer, type RequestListener, type Server } from 'node:http'

export const serve = (answer: RequestListener): Server => {
  const port = Number(process.env['PORT'])
  const server = createServer(answer)
  server.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`))
  return server
}
