/** Small files kept in memory, each with its head in one buffer, so that a request for one is a look-up and a write. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Coding } from '../accept-encoding.ts'
import { compressAtOnce } from '../compressors.ts'
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
  /**
   * The same file in a coding, compressed by this thread and kept; the file itself where that makes it no shorter. Undefined
   * when the file cannot be kept.
   */
  compressed(file: Representation, coding: Coding): Representation | undefined
  /** The file has been looked at again and is still the same. Called at most once a second, so this is what "used" means. */
  keep(file: Representation): void
  forget(file: Representation): void
}

/** Keeps up to `limitBytes`, the least recently kept go first. Synchronous: a thread-pool read costs five times a cached one. */
export const createMemory = (limitBytes: number): Memory => {
  const shelf = createShelf(limitBytes)
  const made = new WeakMap<Representation, Map<Coding, Representation>>()

  const load = (file: Representation, now: number): Message | undefined => {
    if (!file.mayBeKept || file.facts.size > Math.min(ENTRY_LIMIT_BYTES, limitBytes)) return undefined
    const octets = readOctets(file)
    if (octets === undefined) {
      file.look.at = 0
      return undefined
    }
    return shelf.put(file, composeMessage(file, octets, now))
  }
  const dated = (file: Representation, now: number): Message | undefined => {
    const message = shelf.get(file) ?? load(file, now)
    if (message !== undefined) setDate(message, now)
    return message
  }
  const body = (file: Representation): Buffer | undefined => {
    const message = shelf.get(file) ?? load(file, Date.now())
    return message?.octets.subarray(message.bodyAt)
  }
  const allOf = (file: Representation): readonly Representation[] => [file, ...(made.get(file)?.values() ?? [])]

  return {
    message: (file, now) => dated(file, now)?.octets,
    head(file, now) {
      const message = dated(file, now)
      return message?.octets.subarray(0, message.bodyAt)
    },
    body,
    compressed(file, coding) {
      const before = made.get(file)?.get(coding)
      if (before !== undefined && (before === file || shelf.get(before) !== undefined)) return before
      const plain = body(file)
      if (plain === undefined) return undefined
      const octets = compressAtOnce(coding, plain)
      // What does not get shorter is remembered as its own compressed form.
      const form = octets.length < plain.length ? compressedForm(file, coding, octets.length) : file
      made.set(file, (made.get(file) ?? new Map()).set(coding, form))
      if (form !== file) shelf.put(form, composeMessage(form, octets, Date.now()))
      return form
    },
    keep: (file) => allOf(file).forEach(shelf.keep),
    forget: (file) => allOf(file).forEach(shelf.remove),
  }
}

const createShelf = (limitBytes: number) => {
  const messages = new Map<Representation, Message>()
  let bytes = 0
  const remove = (file: Representation): void => {
    bytes -= messages.get(file)?.octets.length ?? 0
    messages.delete(file)
  }
  return {
    get: (file: Representation): Message | undefined => messages.get(file),
    put(file: Representation, message: Message): Message {
      messages.set(file, message)
      bytes += message.octets.length
      for (const [oldest] of messages) {
        if (bytes <= limitBytes) break
        if (oldest !== file) remove(oldest)
      }
      return message
    },
    keep(file: Representation): void {
      const message = messages.get(file)
      if (message === undefined) return
      if (!message.isSettled) {
        remove(file)
        return
      }
      messages.delete(file)
      messages.set(file, message)
    },
    remove,
  }
}

/** With an entity tag of its own: the octets are others. */
const compressedForm = (file: Representation, coding: Coding, size: number): Representation => {
  const mark = (tag: string): string => `${tag.slice(0, -1)}-${coding}"`
  const headers = file.headers.map(([name, value]): HeaderList[number] => [name, name === 'ETag' ? mark(value) : value])
  const facts = { ...file.facts, size, etag: mark(file.facts.etag), version: `${file.facts.version}-${coding}` }
  return { ...file, coding, facts, headers: [['Content-Encoding', coding], ...headers], mayBeKept: false, mayBeCompressed: false }
}

const setDate = (message: Message, now: number): void => {
  const second = Math.floor(now / 1_000)
  if (second === message.second) return
  const octets = Buffer.from(message.octets)
  octets.write(httpDate(now), message.dateAt, DATE_OCTETS, 'latin1')
  message.octets = octets
  message.second = second
}

const composeMessage = (file: Representation, body: Buffer, now: number): Message => {
  const start = 'HTTP/1.1 200 OK\r\nDate: '
  const rest = `\r\nContent-Length: ${body.length}\r\n${writeFields(file.headers)}\r\n`
  const bodyAt = start.length + DATE_OCTETS + rest.length
  const octets = Buffer.allocUnsafeSlow(bodyAt + body.length)
  octets.write(start + httpDate(now) + rest, 'latin1')
  body.copy(octets, bodyAt)
  const isSettled = now - file.facts.modifiedAt > UNSETTLED_MS
  return { octets, second: Math.floor(now / 1_000), dateAt: start.length, bodyAt, isSettled }
}

const writeFields = (headers: HeaderList): string => headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')

/** Undefined when it cannot be read, or is not the file that was looked at. */
const readOctets = ({ path, facts }: Representation): Buffer | undefined => {
  let fd: number | undefined
  try {
    // Nonblocking: should a pipe have taken the file's place, opening it must not wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (factsFrom(fstatSync(fd, { bigint: true })).version !== facts.version) return undefined
    const octets = Buffer.allocUnsafe(facts.size)
    return facts.size === 0 || readSync(fd, octets, 0, facts.size, 0) === facts.size ? octets : undefined
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
