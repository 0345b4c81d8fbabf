/**
 * How a running instance is asked and told: a Unix socket only its owner may open. One line of JSON each way,
 * `{"command":"ps"}` → `{"ok":true,"result":…}` or `{"ok":false,"errors":[{code,message,…}]}`. A command that goes on has lines
 * `{"item":…}` before that one, until either end closes the connection.
 */
import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { NavigatorError } from '../errors.ts'
import { toWire, type WireError } from '../protocol/wire-error.ts'

export type ControlRequest = { readonly command: string; readonly [option: string]: unknown }
export type ControlReply = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly errors: readonly WireError[] }

/**
 * What each command does. What it throws becomes the reply's errors; what it gives must survive JSON. An async iterable is sent item by
 * item, as fast as the client reads, and returned from when the client goes away.
 */
export type ControlCommands = Readonly<Record<string, (request: ControlRequest) => Promise<unknown>>>

export type ControlSocket = {
  readonly path: string
  /** Takes no further connection, lets replies under way be written for a second, then cuts and removes the socket. */
  close(): Promise<void>
}

const LONGEST_REQUEST_BYTES = 64 * 1024
const LONGEST_REPLY_CHARS = 256 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 5_000
const CLOSE_TIMEOUT_MS = 1_000
const PROBE_MS = 5_000
const MOST_CONNECTIONS = 64

/**
 * Opens the socket at `path`, in place of one that a killed instance left. Supervisor.
 * Only whoever holds the instance's lock may call it: it removes what stands there.
 * @throws NAV_CONTROL_FAILED when the socket cannot be made.
 */
export const openControlSocket = async (path: string, commands: ControlCommands): Promise<ControlSocket> => {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    void converse(socket, commands)
  })
  server.maxConnections = MOST_CONNECTIONS
  await listenPrivately(server, path)
  return {
    path,
    async close() {
      const closed = once(server, 'close')
      server.close()
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, CLOSE_TIMEOUT_MS)
      await closed
      clearTimeout(cut)
    },
  }
}

/**
 * Asks the instance behind `path` and gives the reply's result.
 * @throws NAV_NOT_RUNNING when nobody listens there, NAV_CONTROL_FAILED when no readable reply comes within `timeoutMs`,
 * and a {@link RemoteError} with what the instance says when it refuses.
 */
export const askInstance = async (path: string, request: ControlRequest, { timeoutMs }: { timeoutMs: number }): Promise<unknown> => {
  const line = await exchangeLines(path, JSON.stringify(request), timeoutMs)
  const reply = parseReply(line, path)
  if (!reply.ok) throw new RemoteError(reply.errors)
  return reply.result
}

/**
 * Asks the instance behind `path` and gives the items it answers with, until it ends or the loop over them is left.
 * @throws as {@link askInstance} does.
 */
export async function* followInstance(path: string, request: ControlRequest): AsyncGenerator<unknown, void> {
  const socket = createConnection({ path })
  try {
    await once(socket, 'connect').catch((cause: unknown) => {
      throw new NavigatorError('NAV_NOT_RUNNING', `no instance of navigator answers at ${path}`, { cause })
    })
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line === '') continue
      const item = parseJson(line)
      if (typeof item === 'object' && item !== null && 'item' in item) yield item.item
      else {
        const reply = parseReply(line, path)
        if (!reply.ok) throw new RemoteError(reply.errors)
        return
      }
    }
    throw new NavigatorError('NAV_NOT_RUNNING', 'the instance has ended')
  } finally {
    socket.destroy()
  }
}

/** What the instance answered instead of a result. The client's end only. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError'
  readonly errors: readonly WireError[]

  constructor(errors: readonly WireError[]) {
    super(errors.map(({ message }) => message).join('; '))
    this.errors = errors
  }
}

/** All that `error` stands for, as data: a bad configuration file carries every one of its errors. */
export const wireErrorsOf = (error: unknown): readonly WireError[] => {
  if (error instanceof RemoteError) return error.errors
  if (error instanceof NavigatorError && 'errors' in error && Array.isArray(error.errors)) return error.errors.map(toWire)
  return [toWire(error)]
}

const listenPrivately = async (server: Server, path: string): Promise<void> => {
  try {
    rmSync(path, { force: true })
    // The mask keeps others out from the moment the socket exists; chmod alone would come after it.
    const mask = process.umask(0o177)
    try {
      server.listen(path)
    } finally {
      process.umask(mask)
    }
    await once(server, 'listening')
    chmodSync(path, 0o600)
  } catch (cause) {
    throw new NavigatorError('NAV_CONTROL_FAILED', `the control socket ${path} cannot be made: ${(cause as Error).message}`, {
      cause,
      hint: 'its directory must be writable and the path shorter than 104 characters',
    })
  }
}

/** One request, one reply, whatever happens to the peer. */
const converse = async (socket: Socket, commands: ControlCommands): Promise<void> => {
  // A client that goes away while it is answered is its own affair.
  socket.on('error', () => socket.destroy())
  const reply = await readLine(socket, LONGEST_REQUEST_BYTES, REQUEST_TIMEOUT_MS)
    .then((line) => obey(socket, line, commands))
    .catch((error: unknown): ControlReply => ({ ok: false, errors: wireErrorsOf(error) }))
  if (!socket.destroyed) socket.end(`${JSON.stringify(reply)}\n`, () => socket.destroySoon())
}

const obey = async (socket: Socket, line: string, commands: ControlCommands): Promise<ControlReply> => {
  const request = parseRequest(line)
  const command = Object.hasOwn(commands, request.command) ? commands[request.command] : undefined
  if (!command) throw new NavigatorError('NAV_CONTROL_FAILED', `"${request.command}" is not a command of this instance`)
  const result = await command(request)
  if (!isStream(result)) return { ok: true, result: result ?? null }
  await sendItems(socket, result)
  return { ok: true, result: null }
}

const isStream = (result: unknown): result is AsyncIterable<unknown> =>
  typeof result === 'object' && result !== null && Symbol.asyncIterator in result

const sendItems = async (socket: Socket, items: AsyncIterable<unknown>): Promise<void> => {
  const iterator = items[Symbol.asyncIterator]()
  const leave = () => void iterator.return?.()
  socket.once('close', leave)
  // A client that has gone may still be one that only has nothing more to say: writing tells.
  const probe = setInterval(() => socket.write('\n'), PROBE_MS)
  for (let next = await iterator.next(); !next.done && !socket.destroyed; next = await iterator.next()) {
    if (socket.write(`${JSON.stringify({ item: next.value })}\n`)) continue
    await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
  clearInterval(probe)
  socket.off('close', leave)
}

const parseRequest = (line: string): ControlRequest => {
  const value = parseJson(line)
  if (typeof value === 'object' && value !== null && 'command' in value && typeof value.command === 'string') return value as ControlRequest
  throw new NavigatorError('NAV_CONTROL_FAILED', 'the request is not a line like {"command":"ps"}')
}

const parseReply = (line: string, path: string): ControlReply => {
  const value = parseJson(line)
  if (typeof value === 'object' && value !== null && 'ok' in value) return value as ControlReply
  throw new NavigatorError('NAV_CONTROL_FAILED', `what answers at ${path} is not navigator`)
}

const parseJson = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const exchangeLines = async (path: string, line: string, timeoutMs: number): Promise<string> => {
  const socket = createConnection({ path })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) }).catch((cause: unknown) => {
      throw new NavigatorError('NAV_NOT_RUNNING', `no instance of navigator answers at ${path}`, { cause })
    })
    socket.write(`${line}\n`)
    return await readLine(socket, LONGEST_REPLY_CHARS, timeoutMs)
  } finally {
    socket.destroy()
  }
}

/** The first line that comes, without its end. `limit` in characters. */
const readLine = (socket: Socket, limit: number, timeoutMs: number): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const fail = (message: string) => reject(new NavigatorError('NAV_CONTROL_FAILED', message))
  const timer = setTimeout(() => fail(`no whole line came within ${timeoutMs / 1000} s`), timeoutMs)
  const parts: string[] = []
  let length = 0
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const end = chunk.indexOf('\n')
    parts.push(end < 0 ? chunk : chunk.slice(0, end))
    length += chunk.length
    if (end >= 0) resolve(parts.join(''))
    else if (length > limit) fail(`the line is longer than ${limit} characters`)
  })
  socket.on('end', () => fail('the connection ended before a whole line came'))
  socket.on('close', () => fail('the connection closed before a whole line came'))
  return promise.finally(() => clearTimeout(timer))
}
