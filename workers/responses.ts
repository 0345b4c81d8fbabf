/** Answers that navigator makes itself. Any lane; nothing here touches a socket. */
import type { Answer, Exchange, HeaderList } from './exchange.ts'
import { errorFormat } from './negotiation.ts'
import { builtInMaintenancePage, errorPage } from './pages.ts'
import { reasonPhrase } from './reason-phrases.ts'
import type { Outcome } from './waiting-room.ts'

/** What an error answer needs to know of its request. An `Exchange` will do. */
export type Asked = Pick<Exchange, 'requestId' | 'routing'> & { readonly path?: string; header(name: string): string | undefined }

const NOT_STORED: HeaderList = [
  ['Cache-Control', 'no-cache, no-store, must-revalidate'],
  ['Pragma', 'no-cache'],
  ['Expires', '0'],
]
const RETRY_S = 5

/** `reason` is shown to the public; `errorMessage` is for the access log only. */
export type ErrorDetail = { readonly reason?: string; readonly retryAfterS?: number; readonly errorMessage?: string }

const statusTitle = (status: number): string => reasonPhrase(status) || 'Error'

/** An error in the form the client can read: HTML, JSON or text, each with the request id. */
export const errorAnswer = (asked: Asked, status: number, detail: ErrorDetail = {}): Answer => {
  const reason = detail.reason ?? statusTitle(status)
  const retry: HeaderList = detail.retryAfterS === undefined ? [] : [['Retry-After', String(detail.retryAfterS)]]
  const [type, body] = writeError(asked, status, reason)
  return {
    kind: 'respond',
    status,
    headers: [['Content-Type', type], ['X-Content-Type-Options', 'nosniff'], ['X-Request-Id', asked.requestId], ...NOT_STORED, ...retry],
    body,
    responseType: 'error',
    errorMessage: detail.errorMessage ?? reason,
  }
}

/**
 * 503 with the maintenance page, the tenant's own if it has one, which loads itself anew every few seconds. Who does not ask for
 * HTML gets JSON or text.
 */
export const maintenanceAnswer = (asked: Asked): Answer => {
  const headers: HeaderList = [['Retry-After', String(RETRY_S)], ['X-Request-Id', asked.requestId], ...NOT_STORED]
  const shared = { kind: 'respond', status: 503, responseType: 'maintenance' } as const
  if (errorFormat(asked.header('accept')) !== 'html') {
    const [type, body] = writeError(asked, 503, 'Service is starting or under maintenance')
    return { ...shared, headers: [['Content-Type', type], ...headers], body }
  }
  return {
    ...shared,
    // A page of the user's own reloads itself too, without a meta element in it.
    headers: [['Content-Type', 'text/html; charset=utf-8'], ['Refresh', String(RETRY_S)], ...headers],
    body: maintenancePage(asked),
  }
}

const maintenancePage = ({ routing, path, header }: Asked): string => {
  const { snapshot, maintenancePages } = routing
  const tenant = path === undefined ? undefined : routing.findTenant(header('host'), path)
  return maintenancePages.of(tenant?.maintenance?.page) ?? maintenancePages.of(snapshot.maintenance.page) ?? builtInMaintenancePage
}

/** What a request gets that was not let in to its tenant. */
export const refusalAnswer = (asked: Asked, outcome: Exclude<Outcome, { kind: 'admitted' | 'gone' }>): Answer => {
  switch (outcome.kind) {
    case 'slow':
      return maintenanceAnswer(asked)
    case 'full':
      return errorAnswer(asked, 503, { reason: 'Too many requests are waiting for this application', retryAfterS: RETRY_S })
    case 'timeout':
      return errorAnswer(asked, 503, { reason: 'The application did not get ready in time', retryAfterS: RETRY_S })
    case 'failed':
      return errorAnswer(asked, 503, {
        reason: `The application could not be started: ${outcome.reason}`,
        retryAfterS: outcome.retryAfterS,
      })
  }
}

/** 302 unless told otherwise, as the program before this one did. */
export const redirectAnswer = (location: string, status = 302): Answer => ({
  kind: 'respond',
  status,
  headers: [
    ['Location', location],
    ['Content-Type', 'text/plain; charset=utf-8'],
  ],
  body: `Found: ${location}\n`,
  responseType: 'redirect',
  destination: location,
})

const writeError = (asked: Asked, status: number, reason: string): readonly [type: string, body: string] => {
  const title = statusTitle(status)
  const { requestId } = asked
  switch (errorFormat(asked.header('accept'))) {
    case 'html':
      return ['text/html; charset=utf-8', errorPage({ status, title, reason, requestId })]
    case 'json':
      return ['application/json; charset=utf-8', `${JSON.stringify({ error: { status, title, reason, request_id: requestId } })}\n`]
    case 'text':
      return ['text/plain; charset=utf-8', `${status} ${title}\n${reason === title ? '' : `${reason}\n`}request id: ${requestId}\n`]
  }
}
