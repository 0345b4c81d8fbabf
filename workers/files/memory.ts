/** Small files kept in memory, each with its head in one buffer, so that a request for one is a look-up and a write. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { HeaderList } from '../exchange.ts'
import { factsFrom } from './facts.ts'
import { httpDate } from './http-date.ts'
import type { Representation } from './public-file.ts'

const ENTRY_LIMIT_BYTES = 256 * 1024
/** A file this young may change once more without its time showing it: clocks of file systems tick every few ms. */
const UNSETTLED_MS = 2_000
const DATE_OCTETS = 29

/** `octets` is a whole message; it is never changed, because a write of it may be under way, but replaced each second. */
type Message = { octets: Buffer; second: number; readonly dateAt: number; readonly bodyAt: number; readonly isSettled: boolean }

/** The messages of one worker thread. */
export type Memory = {
  /**
   * The whole answer with status 200, head and body; reads the file where it is not in memory yet. Undefined when it is too
   * large for memory, or has changed since it was looked at.
   */
  message(file: Representation, now: number): Buffer | undefined
  /** Only the head of that answer, for HEAD. */
  head(file: Representation, now: number): Buffer | undefined
  /** Only the body. */
  body(file: Representation): Buffer | undefined
  /** The file has been looked at again and is still the same. Called at most once a second, so this is what "used" means. */
  keep(file: Representation): void
  forget(file: Representation): void
}

/** Keeps up to `limitBytes`, the least recently kept go first. Synchronous: a thread-pool read costs five times a cached one. */
export const createMemory = (limitBytes: number): Memory => {
  const messages = new Map<Representation, Message>()
  let bytes = 0

  const forget = (file: Representation): void => {
    bytes -= messages.get(file)?.octets.length ?? 0
    messages.delete(file)
  }
  const load = (file: Representation, now: number): Message | undefined => {
    if (!file.mayBeKept || file.facts.size > Math.min(ENTRY_LIMIT_BYTES, limitBytes)) return undefined
    const message = readMessage(file, now)
    if (message === undefined) {
      file.look.at = 0
      return undefined
    }
    messages.set(file, message)
    bytes += message.octets.length
    for (const [oldest] of messages) {
      if (bytes <= limitBytes) break
      forget(oldest)
    }
    return message
  }
  const dated = (file: Representation, now: number): Message | undefined => {
    const message = messages.get(file) ?? load(file, now)
    if (message !== undefined) setDate(message, now)
    return message
  }

  return {
    message: (file, now) => dated(file, now)?.octets,
    head(file, now) {
      const message = dated(file, now)
      return message?.octets.subarray(0, message.bodyAt)
    },
    body(file) {
      const message = messages.get(file) ?? load(file, Date.now())
      return message?.octets.subarray(message.bodyAt)
    },
    keep(file) {
      const message = messages.get(file)
      if (message === undefined) return
      if (!message.isSettled) return forget(file)
      messages.delete(file)
      messages.set(file, message)
    },
    forget,
  }
}

const setDate = (message: Message, now: number): void => {
  const second = Math.floor(now / 1_000)
  if (second === message.second) return
  const octets = Buffer.from(message.octets)
  octets.write(httpDate(now), message.dateAt, DATE_OCTETS, 'latin1')
  message.octets = octets
  message.second = second
}

const readMessage = (file: Representation, now: number): Message | undefined => {
  const start = 'HTTP/1.1 200 OK\r\nDate: '
  const rest = `\r\nContent-Length: ${file.facts.size}\r\n${writeFields(file.headers)}\r\n`
  const bodyAt = start.length + DATE_OCTETS + rest.length
  const octets = Buffer.allocUnsafeSlow(bodyAt + file.facts.size)
  octets.write(start + httpDate(now) + rest, 'latin1')
  if (!readBody(file, octets, bodyAt)) return undefined
  const isSettled = now - file.facts.modifiedAt > UNSETTLED_MS
  return { octets, second: Math.floor(now / 1_000), dateAt: start.length, bodyAt, isSettled }
}

const writeFields = (headers: HeaderList): string => headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')

/** Gives false when it cannot be read, or is not the file that was looked at. */
const readBody = ({ path, facts }: Representation, into: Buffer, at: number): boolean => {
  let fd: number | undefined
  try {
    // Nonblocking: should a pipe have taken the file's place, opening it must not wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (factsFrom(fstatSync(fd, { bigint: true })).version !== facts.version) return false
    return facts.size === 0 || readSync(fd, into, at, facts.size, 0) === facts.size
  } catch {
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
