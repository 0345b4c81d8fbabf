import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { pause } from './bench.ts'

/** One answer, read to its end. */
export type Answer = { readonly status: number; readonly bytes: number; readonly tookMs: number }

/** Sends one GET on a connection of its own and gives status, bytes of body and time to the last byte. @throws when the connection fails. */
export const sendOne = (port: number, path: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const from = performance.now()
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, timeout: 60_000 }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, bytes, tookMs: performance.now() - from }))
    })
    request.once('timeout', () => request.destroy(new Error(`no answer from port ${port} in a minute`)))
    request.once('error', reject)
  })

/**
 * Asks again and again, a millisecond apart, until the answer is 200; gives the time that took in ms.
 * @throws past the limit, with what came last.
 */
export const untilAnswered = async (port: number, path: string, limitMs: number): Promise<number> => {
  const from = performance.now()
  let last = 'nothing'
  while (performance.now() - from < limitMs) {
    try {
      const { status } = await sendOne(port, path)
      if (status === 200) return performance.now() - from
      last = `status ${status}`
    } catch (error) {
      last = String(error)
    }
    await pause(1)
  }
  throw new Error(`port ${port} did not answer ${path} with 200 in ${limitMs} ms; last: ${last}`)
}
