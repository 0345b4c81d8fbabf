/** TurboCable's words: JSON texts whose keys are read in any case, as its first server read them. */

/** What a client asks for. Whatever else it says means nothing. */
export type Request = { readonly kind: 'subscribe' | 'unsubscribe'; readonly stream: string } | { readonly kind: 'pong' }

/** A text for everybody who has subscribed to this stream, whichever worker they are at. */
export type Broadcast = { readonly stream: string; readonly text: string }

/** What is wrong with the body of a broadcast, in the words that apps know. */
export type BroadcastFault = 'Invalid JSON' | 'Stream required'

export const PING = '{"type":"ping"}'

export const subscribed = (stream: string): string => JSON.stringify({ type: 'subscribed', stream })

/** Reads a message of a client. */
export const readRequest = (text: string): Request | undefined => {
  const fields = readFields(text)
  const kind = fields?.get('type')
  if (kind === 'pong') return { kind }
  const stream = fields?.get('stream')
  if ((kind !== 'subscribe' && kind !== 'unsubscribe') || typeof stream !== 'string' || stream === '') return undefined
  return { kind, stream }
}

/** Reads what an app has posted. `data` goes on as it is, and is left out when there is none. */
export const readBroadcast = (text: string): Broadcast | BroadcastFault => {
  const fields = readFields(text)
  const stream = fields?.get('stream') ?? ''
  if (fields === undefined || typeof stream !== 'string') return 'Invalid JSON'
  return stream === '' ? 'Stream required' : { stream, text: JSON.stringify({ type: 'message', stream, data: fields.get('data') }) }
}

const readFields = (text: string): ReadonlyMap<string, unknown> | undefined => {
  const value = parse(text)
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  return new Map(Object.entries(value ?? {}).map(([name, field]) => [name.toLowerCase(), field]))
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
