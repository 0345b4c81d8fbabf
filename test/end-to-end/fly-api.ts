/** Stands in for the Machines API that a Fly.io machine has at /.fly/api. */
import { once } from 'node:events'
import { createServer } from 'node:http'

export type Call = { readonly method: string | undefined; readonly url: string | undefined; readonly host: string | undefined }

export type FlyApi = AsyncDisposable & {
  readonly calls: readonly Call[]
  /** What the next calls are answered. */
  status: number
  /** Resolves when so many calls have been answered. */
  answered(count: number): Promise<void>
}

export const startFlyApi = async (socket: string): Promise<FlyApi> => {
  const calls: Call[] = []
  let answered = 0
  let wake = () => {}
  const server = createServer((request, response) => {
    calls.push({ method: request.method, url: request.url, host: request.headers.host })
    response.on('finish', () => {
      answered++
      wake()
    })
    response.writeHead(api.status, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: api.status === 200 }))
  })
  server.listen(socket)
  await once(server, 'listening')
  const api: FlyApi = {
    calls,
    status: 200,
    async answered(count) {
      while (answered < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return api
}
