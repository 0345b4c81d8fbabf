/** Who has been found to be whom. Worker thread; hashes are computed elsewhere and only asked for. */
import { hash, randomBytes } from 'node:crypto'
import type { PasswordOutcome, WorkerMessage } from '../../src/protocol/messages.ts'
import { readBasic } from './basic.ts'

const VERIFIED_LIMIT = 4_096
const REFUSED_LIMIT = 1_024
const PENDING_LIMIT = 512
const ANSWER_TIMEOUT_MS = 15_000

/** `settled` gives false when nobody could find out; else the next check has the answer. */
export type Identity =
  | { readonly kind: 'verified'; readonly user: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'pending'; readonly settled: Promise<boolean> }

export type Credentials = {
  /** Whom an Authorization field is of, by a password file. `unknown`: it can't be found out now. */
  check(file: string | undefined, authorization: string): Identity
  /** The supervisor's answer to `password.check`. */
  answered(key: string, outcome: PasswordOutcome): void
  /** Drops all that was found by this file, or by any. */
  forget(file?: string): void
}

/** One per worker. `post` asks the supervisor. */
export const createCredentials = (post: (message: WorkerMessage) => void): Credentials => {
  const stores = new Map<string, Store>()
  const pending = new Map<string, Pending>()
  const storeOf = (file: string): Store => {
    const store = stores.get(file) ?? createStore()
    stores.set(file, store)
    return store
  }
  const settle = (key: string, outcome: PasswordOutcome): void => {
    const asked = pending.get(key)
    if (asked === undefined) return
    pending.delete(key)
    clearTimeout(asked.timer)
    if (outcome === 'verified') remember(asked.store.verified, key, asked.user, VERIFIED_LIMIT)
    if (outcome === 'refused') remember(asked.store.refused, key, true, REFUSED_LIMIT)
    asked.resolve(outcome !== 'unavailable')
  }
  const ask = (key: string, file: string, { user, password }: { user: string; password: string }): Identity => {
    if (pending.size >= PENDING_LIMIT) return { kind: 'unknown' }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => settle(key, 'unavailable'), ANSWER_TIMEOUT_MS)
    pending.set(key, { store: storeOf(file), user, timer, resolve, settled: promise })
    post({ type: 'password.check', key, file, user, password })
    return { kind: 'pending', settled: promise }
  }

  return {
    answered: settle,
    check(file, authorization) {
      if (file === undefined) return { kind: 'unknown' }
      const store = storeOf(file)
      const key = store.keyOf(authorization)
      const user = recall(store.verified, key)
      if (user !== undefined) return { kind: 'verified', user }
      if (recall(store.refused, key)) return { kind: 'refused' }
      const asked = pending.get(key)
      if (asked !== undefined) return { kind: 'pending', settled: asked.settled }
      const sent = readBasic(authorization)
      return sent === undefined ? { kind: 'refused' } : ask(key, file, sent)
    },
    forget(file) {
      for (const [name, { verified, refused }] of stores) {
        if (file !== undefined && name !== file) continue
        verified.clear()
        refused.clear()
      }
    },
  }
}

/** For a table that answers no requests: it knows nobody. */
export const noCredentials: Credentials = { check: () => ({ kind: 'unknown' }), answered() {}, forget() {} }

type Pending = {
  readonly store: Store
  readonly user: string
  readonly timer: NodeJS.Timeout
  readonly settled: Promise<boolean>
  resolve(isKnown: boolean): void
}

/** What was found by one password file, the least lately asked first. */
type Store = {
  readonly verified: Map<string, string>
  readonly refused: Map<string, true>
  keyOf(authorization: string): string
}

/**
 * No credentials are kept, only their MAC under keys that nobody knows: it is what is compared, so the time a look-up takes
 * says nothing about them. Two keyed hashes, as HMAC, at half the price of `createHmac`.
 */
const createStore = (): Store => {
  const inner = randomBytes(32).toString('hex')
  const outer = randomBytes(32).toString('hex')
  return { verified: new Map(), refused: new Map(), keyOf: (text) => hash('sha256', outer + hash('sha256', inner + text, 'hex'), 'base64') }
}

const recall = <Value>(store: Map<string, Value>, key: string): Value | undefined => {
  const value = store.get(key)
  if (value === undefined) return undefined
  store.delete(key)
  store.set(key, value)
  return value
}

const remember = <Value>(store: Map<string, Value>, key: string, value: Value, limit: number): void => {
  if (store.size >= limit) store.delete(store.keys().next().value!)
  store.set(key, value)
}
