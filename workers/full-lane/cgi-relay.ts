/** The answer of a CGI script on its way to the client. */
import type { ScriptErrand } from './cgi.ts'
import type { ScriptHead } from './cgi-head.ts'
import type { ScriptExit } from './cgi-process.ts'

/** Silence after which the output of a script that has ended is given up: something that left its group may hold it open for ever. */
const LAST_OUTPUT_MS = 1_000

/** Head at once, body as it comes and as fast as the client takes it. One that is cut short ends the connection: it must not look whole. */
export const relayBody = async (work: ScriptErrand, head: ScriptHead, exit: () => Promise<ScriptExit>): Promise<void> => {
  const { passage, response, script, process } = work
  passage.status = head.status
  response.writeHead(head.status, head.fields.flat())
  response.flushHeaders()
  const sent = await copy(work, head.length ?? Number.POSITIVE_INFINITY)
  if (passage.isOver) return
  const { code, signal } = await exit()
  const isShort = passage.request.method !== 'HEAD' && head.length !== undefined && sent < head.length
  if (process.isTimedOut || signal !== null || isShort) {
    passage.responseType = 'error'
    passage.errorMessage = `${script.script} ended in the middle of its answer: ${process.isTimedOut ? 'its time was up' : (signal ?? 'fewer octets than announced')}`
    passage.request.socket.destroy()
    return
  }
  if (code !== 0) passage.errorMessage = `${script.script} ended with exit code ${code}`
  response.end()
}

/** Gives how many octets there were, at most `limit`; what is more is dropped. */
const copy = async ({ passage, response, process }: ScriptErrand, limit: number): Promise<number> => {
  const { stdout } = process
  let sent = 0
  stdout.on('data', (chunk: Buffer) => {
    const part = chunk.length > limit - sent ? chunk.subarray(0, limit - sent) : chunk
    sent += part.length
    passage.bytesSent = passage.request.method === 'HEAD' ? 0 : sent
    if (part.length === 0 || response.write(part)) return
    stdout.pause()
    response.once('drain', () => stdout.resume())
  })
  passage.onceOver(() => stdout.destroy())
  void endAfterExit({ response, process, octets: () => sent })
  const closed = new Promise((resolve) => stdout.once('close', resolve))
  stdout.resume()
  if (!stdout.closed) await closed
  return sent
}

type Watched = Pick<ScriptErrand, 'response' | 'process'> & { octets(): number }

const endAfterExit = async ({ response, process, octets }: Watched): Promise<void> => {
  await process.exited
  let before = -1
  const timer = setInterval(() => {
    const isQuiet = octets() === before && !response.writableNeedDrain
    before = octets()
    if (isQuiet) process.stdout.destroy()
  }, LAST_OUTPUT_MS)
  if (process.stdout.closed) clearInterval(timer)
  else process.stdout.once('close', () => clearInterval(timer))
}
