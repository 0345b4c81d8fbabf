import http from 'node:http'
import net from 'node:net'
import { pause } from './bench.ts'
import { holdWebSockets } from './hold.ts'

/** What clients of one kind came to. */
export type Tally = {
  /** Rounds that ended as that kind of client wants. */
  done: number
  /** Answers other than 200, and connections that failed: not wanted by any of them. */
  failed: number
}

/** Clients of many kinds at once. */
export type MixedLoad = {
  /** By kind of client. */
  readonly tallies: Readonly<Record<string, Tally>>
  /** Resolves when each client has ended its round. */
  stop(): Promise<void>
}

type Client = (target: Target) => Promise<boolean>
type Target = { readonly port: number; readonly prefix: string; readonly agent: http.Agent }

const BETWEEN_MS = 10
const UPLOAD = Buffer.alloc(512 * 1024, 'x')
const SLOW_READ_MS = 20
const SLOW_LIMIT_MS = 5_000
const SOCKETS_HELD_MS = 3_000
/** What is not answered by then never is. */
const ANSWER_LIMIT_MS = 30_000

/** Begins to ask for the tenants at `prefixes` in turn, until stopped. */
export const startMixedLoad = (port: number, prefixes: readonly string[]): MixedLoad => {
  const agent = new http.Agent({ keepAlive: true })
  const tallies = Object.fromEntries(Object.keys(kinds).map((kind): [string, Tally] => [kind, { done: 0, failed: 0 }]))
  let isOver = false
  const live = async (client: Client, tally: Tally, first: number): Promise<void> => {
    for (let round = first; !isOver; round++) {
      const isDone = await client({ port, prefix: prefixes[round % prefixes.length]!, agent }).catch(() => false)
      tally[isDone ? 'done' : 'failed'] += 1
      await pause(BETWEEN_MS)
    }
  }
  const lives = Object.entries(kinds).flatMap(([kind, { client, count }]) =>
    Array.from({ length: count }, (_, first) => live(client, tallies[kind]!, first)),
  )
  return {
    tallies,
    async stop() {
      isOver = true
      await Promise.all(lives)
      agent.destroy()
    },
  }
}

const ask = (target: Target, name: string, options: http.RequestOptions = {}, body?: Buffer): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const { port, prefix, agent } = target
    const request = http.request(
      { host: '127.0.0.1', port, agent, path: prefix + name, timeout: ANSWER_LIMIT_MS, ...options },
      (response) => {
        response.on('error', reject).on('end', () => resolve(response.statusCode === 200))
        response.resume()
      },
    )
    request.on('timeout', () => request.destroy(new Error(`no answer in ${ANSWER_LIMIT_MS} ms`)))
    request.on('error', reject).end(body)
  })

/** Goes away in the middle of a large answer. */
const abort: Client = ({ port, prefix }) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`GET ${prefix}10m HTTP/1.1\r\nHost: a\r\n\r\n`))
    socket.once('data', () => socket.destroy())
    socket.on('error', reject).on('close', () => resolve(true))
  })

/** Reads a little at a time, and gives up after a while. */
const readSlowly: Client = ({ port, prefix }) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`GET ${prefix}10m HTTP/1.1\r\nHost: a\r\n\r\n`))
    const limit = setTimeout(() => socket.destroy(), SLOW_LIMIT_MS)
    socket.on('data', () => {
      socket.pause()
      setTimeout(() => socket.resume(), SLOW_READ_MS)
    })
    socket.on('error', reject).on('close', () => {
      clearTimeout(limit)
      resolve(true)
    })
  })

const holdSockets: Client = async ({ port }) => {
  const held = await holdWebSockets(port, 10)
  await pause(SOCKETS_HELD_MS)
  held.release()
  return true
}

const kinds: Readonly<Record<string, { readonly client: Client; readonly count: number }>> = {
  'keep-alive': { client: (target) => ask(target, '1k'), count: 16 },
  chunked: { client: (target) => ask(target, 'chunked'), count: 2 },
  upload: { client: (target) => ask(target, 'post', { method: 'POST' }, UPLOAD), count: 2 },
  // What the fast lane leaves to the full one.
  'full lane': { client: (target) => ask(target, '10k', { headers: { 'HTTP2-Settings': 'AAMAAABk' } }), count: 2 },
  abort: { client: abort, count: 2 },
  'slow reader': { client: readSlowly, count: 4 },
  // An answer of navigator's own.
  redirect: { client: async (target) => !(await ask(target, '', { path: '/year' })), count: 1 },
  WebSockets: { client: holdSockets, count: 1 },
}
