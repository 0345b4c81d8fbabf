/** Carries out a verdict on an ordinary request. */
import type { ServerResponse } from 'node:http'
import type { WorkerMessage } from '../../src/protocol/messages.ts'
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import type { Cable } from '../cable/cable.ts'
import type { FileVerdict, HeaderList, UpstreamTarget, UpstreamVerdict, Verdict } from '../exchange.ts'
import { isPatient } from '../negotiation.ts'
import { decideInTime } from '../pipeline.ts'
import { errorAnswer, maintenanceAnswer, refusalAnswer } from '../responses.ts'
import type { Place } from '../routing-table.ts'
import type { Outcome, WaitingRoom } from '../waiting-room.ts'
import type { Agents } from './agents.ts'
import { sendAnswer } from './answer.ts'
import { attempt, type Destination, type Failure, mayRepeat } from './attempt.ts'
import { carryBroadcast } from './cable.ts'
import { carryToScript } from './cgi.ts'
import { changingAnswer, sendFile } from './file.ts'
import type { Passage } from './passage.ts'
import type { HttpProxy } from './proxy.ts'
import { headersOf, writeUpstreamHead } from './upstream-head.ts'

/** What all requests of a worker share. */
export type Carrier = {
  readonly room: WaitingRoom
  readonly proxy: HttpProxy
  readonly agents: Agents
  readonly cable: Cable
  post(message: WorkerMessage): void
}

export type Errand = { readonly passage: Passage; readonly response: ServerResponse; readonly carrier: Carrier }

/** Ends when the response has begun or been made; the passage ends later, with the client's last byte. */
export const carryOut = async (verdict: Verdict, errand: Errand): Promise<void> => {
  switch (verdict.kind) {
    case 'respond':
      return sendAnswer(errand.passage, errand.response, verdict, { close: false })
    case 'file':
      return carryFile(errand, verdict)
    case 'cgi':
      return carryToScript(errand, verdict.script)
    case 'broadcast':
      return carryBroadcast(errand)
    case 'cable':
      // Sockets are upgrades; only a reload in between brings one here.
      return sendAnswer(errand.passage, errand.response, errorAnswer(errand.passage.exchange, 400), { close: true })
    case 'upstream':
      errand.passage.setHeaders = verdict.setHeaders ?? []
      return carryToUpstream(errand, verdict)
    case 'tenant':
      errand.passage.setHeaders = verdict.setHeaders ?? []
      return carryToTenant(errand, verdict.tenant)
  }
}

/** A file may change between the look at it and its opening: then all is decided anew, once. */
const carryFile = async (errand: Errand, verdict: FileVerdict): Promise<void> => {
  const { passage, response } = errand
  if (await sendFile(passage, response, verdict)) return
  const again = await decideInTime(passage.exchange)
  if (again.kind !== 'file') return carryOut(again, errand)
  if (!(await sendFile(passage, response, again))) sendAnswer(passage, response, changingAnswer(passage.exchange), { close: false })
}

const carryToTenant = async (errand: Errand, tenant: TenantRoute): Promise<void> => {
  const { passage, carrier } = errand
  passage.tenant = tenant.name
  const options = () => ({ patient: isPatient(passage.exchange), signal: passage.signal })
  const first: Outcome = carrier.room.tryEnter(tenant) ?? (await carrier.room.wait(tenant, options()))
  const place = admit(errand, first)
  if (place === undefined) return
  const failure = await tryTwice(errand, destinationOf(passage, place, tenant))
  if (failure?.kind !== 'refused') return fail(errand, failure)
  passage.leave()
  const again = admit(errand, await carrier.room.refused(tenant, place, options()))
  if (again !== undefined) fail(errand, await tryOnce(errand, destinationOf(passage, again, tenant)))
}

/** Holds the place, or says why there is none. */
const admit = ({ passage, response }: Errand, outcome: Outcome): Place | undefined => {
  if (outcome.kind === 'admitted') {
    passage.hold(outcome)
    return passage.isOver ? undefined : outcome
  }
  if (outcome.kind !== 'gone') sendAnswer(passage, response, refusalAnswer(passage.exchange, outcome), { close: false })
  return undefined
}

const carryToUpstream = async (errand: Errand, { rule, target, others = [] }: UpstreamVerdict): Promise<void> => {
  const responseHeaders = Object.entries(rule.response_headers)
  let failure: Failure | undefined
  target.watch?.taken()
  for (const candidate of [target, ...others]) {
    failure = await tryTarget(errand, candidate, responseHeaders)
    if (failure === undefined) return
    candidate.watch?.failed()
    if (!failure.isUnsent && !mayRepeat(errand.passage)) break
  }
  if (failure !== undefined && target.whenDown === 'maintenance') sendMaintenance(errand)
  else fail(errand, failure)
}

const tryTarget = (errand: Errand, target: UpstreamTarget, responseHeaders: HeaderList): Promise<Failure | undefined> => {
  const { passage } = errand
  passage.destination = `${target.protocol}//${target.host}`
  const headers = writeUpstreamHead(passage.request, passage.exchange, { host: target.host, overrides: target.headers, upgrade: false })
  return tryTwice(errand, { ...target, headers, responseHeaders, sendfileRoots: [] })
}

const sendMaintenance = ({ passage, response }: Errand): void =>
  sendAnswer(passage, response, maintenanceAnswer(passage.exchange), { close: false })

const tryOnce = (errand: Errand, to: Destination): Promise<Failure | undefined> => {
  errand.passage.responseType = 'proxy'
  return attempt({ ...errand, ...errand.carrier, to })
}

/** Once more, silently, when the connection was reset and nothing of a response had come: mostly a kept one just being closed. */
const tryTwice = async (errand: Errand, to: Destination): Promise<Failure | undefined> => {
  const failure = await tryOnce(errand, to)
  return failure?.kind === 'reset' && mayRepeat(errand.passage) ? tryOnce(errand, to) : failure
}

const fail = ({ passage, response }: Errand, failure: Failure | undefined): void => {
  if (failure === undefined) return
  const status = failure.kind === 'timeout' ? 504 : 502
  sendAnswer(passage, response, errorAnswer(passage.exchange, status, { errorMessage: failure.message }), { close: false })
}

const destinationOf = ({ request, exchange }: Passage, { port }: Place, tenant: TenantRoute): Destination => ({
  protocol: 'http:',
  hostname: '127.0.0.1',
  port,
  path: exchange.path + exchange.query,
  headers: writeUpstreamHead(request, exchange, {
    host: exchange.header('host') ?? '',
    // Rack and others like it name files only to who says that it can send them.
    overrides: [...headersOf(tenant), ...(tenant.sendfile_roots === undefined ? [] : [['x-sendfile-type', 'X-Sendfile'] as const])],
    upgrade: false,
  }),
  responseHeaders: [],
  sendfileRoots: tenant.sendfile_roots ?? [],
})
