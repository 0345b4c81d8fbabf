import type { Guard } from '../access/access-table.ts'
import type { Answer, Decision, Exchange, Step } from '../exchange.ts'
import { errorAnswer } from '../responses.ts'

const RETRY_S = 5

/**
 * Lets nobody but verified users past, except on public paths, and notes the name in `exchange.user`. To be asked again after
 * each change of the path: what a public path was rewritten to need not be public.
 */
export const authenticate: Step = (exchange) => {
  const guard = exchange.routing.access.guardOf(exchange.header('host'), exchange.path)
  if (guard === undefined) return undefined
  if (guard !== 'ambiguous') return verify(exchange, guard)
  return errorAnswer(exchange, 400, { errorMessage: 'the path can be read in two ways that need different passwords' })
}

/** For a step that must know the user even on a public path. Undefined once `exchange.user` is known; 403 where no password is asked for at all. */
export const requireUser = (exchange: Exchange): Decision | undefined => {
  const { access } = exchange.routing
  if (exchange.user !== undefined) return undefined
  if (access.server.file !== undefined || exchange.header('authorization') === undefined) return verify(exchange, access.server)
  return errorAnswer(exchange, 403, { errorMessage: 'there is no password file to know the user by' })
}

const verify = (exchange: Exchange, { realm, file }: Guard): Decision | undefined => {
  const sent = exchange.header('authorization')
  if (sent === undefined) return challenge(exchange, realm, 'no credentials')
  const identity = exchange.routing.credentials.check(file, sent)
  switch (identity.kind) {
    case 'verified':
      exchange.user = identity.user
      return undefined
    case 'refused':
      return challenge(exchange, realm, 'wrong credentials')
    case 'unknown':
      return unavailable(exchange)
    case 'pending':
      return { kind: 'pending', settled: identity.settled.then((isKnown) => (isKnown ? undefined : unavailable(exchange))) }
  }
}

/** `why` is what a filter for attackers matches in the access log: a browser's first request has no credentials. */
const challenge = (exchange: Exchange, realm: string, why: 'no credentials' | 'wrong credentials'): Answer => {
  const answer = errorAnswer(exchange, 401, { errorMessage: why })
  const field = `Basic realm="${quoted(realm)}", charset="UTF-8"`
  return { ...answer, headers: [['WWW-Authenticate', field], ...answer.headers], responseType: 'auth-failure' }
}

/** 503, not 401, which would make browsers forget a password that is right. */
const unavailable = (exchange: Exchange): Answer =>
  errorAnswer(exchange, 503, {
    reason: 'Passwords cannot be checked now',
    retryAfterS: RETRY_S,
    errorMessage: 'passwords cannot be checked',
  })

/** As a quoted-string. Lanes write heads as latin1, so its UTF-8 octets go in one by one. */
const quoted = (realm: string): string => Buffer.from(realm.replace(/["\\]/g, '\\$&')).toString('latin1')
