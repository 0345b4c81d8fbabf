/** Scripts whose name begins with `nph-` write the whole response themselves, status line and all. */
import { once } from 'node:events'
import type { ScriptErrand } from './cgi.ts'

const STATUS_LINE = /^HTTP\/1\.\d (\d{3})/

/** Octets as they come. The connection ends with them, for nobody has looked where this response ends. */
export const relayRaw = async ({ passage, response, process }: ScriptErrand): Promise<void> => {
  // Answers to earlier requests of this connection come first.
  if (response.socket === null) await once(response, 'socket', { signal: passage.signal })
  const { socket } = passage.request
  const { stdout } = process
  stdout.on('data', (chunk: Buffer) => {
    if (passage.status === 0) passage.status = Number(STATUS_LINE.exec(chunk.toString('latin1', 0, 12))?.[1] ?? 200)
    passage.bytesSent += chunk.length
    if (socket.write(chunk)) return
    stdout.pause()
    socket.once('drain', () => stdout.resume())
  })
  passage.onceOver(() => stdout.destroy())
  await new Promise((resolve) => stdout.once('close', resolve))
  if (passage.isOver) return
  if (process.isTimedOut) {
    passage.status ||= 504
    passage.errorMessage = 'its time was up'
    socket.destroy()
    return
  }
  passage.isAnswered = true
  socket.end(() => socket.destroy())
}
