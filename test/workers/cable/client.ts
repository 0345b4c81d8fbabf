/** A browser of TurboCable, and an app that posts to it. */
import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { ask } from '../harness.ts'

export type Listener = {
  readonly socket: WebSocket
  /** All texts so far. */
  readonly texts: readonly string[]
  /** The next text not yet taken. */
  next(): Promise<string>
  say(message: unknown): void
  /** Resolves when it is subscribed. */
  subscribe(stream: string): Promise<void>
  /** The code it is closed with. */
  readonly closed: Promise<number>
  [Symbol.dispose](): void
}

/** Opens a socket. Rejects with the status when it is refused. */
export const listenTo = async (site: { readonly port: number }, path = '/cable', options: ClientOptions = {}): Promise<Listener> => {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}${path}`, options)
  const texts: string[] = []
  const waiting: (() => void)[] = []
  let taken = 0
  socket.on('message', (data) => {
    texts.push(String(data))
    waiting.shift()?.()
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await once(socket, 'open')
  const next = async (): Promise<string> => {
    taken += 1
    if (texts.length < taken) await new Promise<void>((resolve) => waiting.push(resolve))
    return texts[taken - 1]!
  }
  const say = (message: unknown): void => socket.send(JSON.stringify(message))
  return {
    ...{ socket, texts, next, say, closed },
    async subscribe(stream) {
      say({ type: 'subscribe', stream })
      await next()
    },
    [Symbol.dispose]: () => socket.terminate(),
  }
}

/** Posts a broadcast. */
export const post = (site: { readonly port: number }, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask(site, '/_broadcast', { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
