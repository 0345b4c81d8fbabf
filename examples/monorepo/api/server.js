// A small JSON service: what a second program of a monorepo looks like to navigator.
import { createServer } from 'node:http'

const answer = (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ app: 'api', mode: process.env.APP_MODE, path: request.url, requestId: request.headers['x-request-id'] }))
}

createServer(answer).listen(Number(process.env.PORT), '127.0.0.1')
