import type { AccessRecord } from '../src/log/access-log.ts'
import { requestIdOf } from './forwarding.ts'

/** What was refused before there was a request. `cause` is for those who read the log; without a `requestId` it gets a new one. */
export type Refusal = {
  readonly clientIp: string
  readonly status: number
  readonly cause: string
  readonly bodyBytesSent: number
  readonly requestId?: string
}

/** For the access log, of what is not even a request. */
export const refusalRecord = ({ cause, ...refusal }: Refusal): AccessRecord => ({
  requestId: requestIdOf(undefined),
  ...refusal,
  doneAt: Date.now(),
  remoteUser: '-',
  method: '',
  uri: '',
  protocol: '',
  requestTimeMs: 0,
  referer: '',
  userAgent: '',
  flyRequestId: '',
  responseType: 'error',
  errorMessage: cause,
})
