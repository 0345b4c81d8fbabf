/** Constant load on kept-alive connections, counting what came back. */
import { Agent, request } from 'node:http'

export type Tally = {
  /** Responses by status. */
  readonly statuses: Map<number, number>
  /** Requests that got no whole response, with the reason. */
  readonly failures: string[]
}

/** Asks for `paths` in turn on `connections` connections until stopped. A request that fails is counted, not retried. */
export const startLoad = (port: number, paths: readonly string[], connections: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const tally: Tally = { statuses: new Map(), failures: [] }
  let isOver = false

  const ask = (path: string): Promise<void> =>
    new Promise((resolve) => {
      const fail = (error: Error) => {
        tally.failures.push(`${path}: ${error.message}`)
        resolve()
      }
      const outgoing = request({ host: '127.0.0.1', port, path, agent }, (response) => {
        response.on('error', fail).on('end', () => {
          tally.statuses.set(response.statusCode!, (tally.statuses.get(response.statusCode!) ?? 0) + 1)
          resolve()
        })
        response.resume()
      })
      outgoing.on('error', fail).end()
    })

  const client = async (first: number): Promise<void> => {
    for (let i = first; !isOver; i++) await ask(paths[i % paths.length]!)
  }
  const clients = Array.from({ length: connections }, (_, i) => client(i))

  return {
    tally,
    async stop(): Promise<Tally> {
      isOver = true
      await Promise.all(clients)
      agent.destroy()
      return tally
    },
  }
}
