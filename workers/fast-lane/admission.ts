/** Into the tenant, at once when its gate is open, else by way of the waiting room. */
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import { isPatient } from '../negotiation.ts'
import { errorAnswer, refusalAnswer } from '../responses.ts'
import type { Place } from '../routing-table.ts'
import type { Outcome, WaitOptions } from '../waiting-room.ts'
import { answer } from './answer.ts'
import type { ClientConnection } from './client-connection.ts'
import { startRelay } from './relay.ts'

/** Gives false when that is for the full lane to do, which looks out for X-Sendfile in responses and sets request headers. */
export const enterTenant = (client: ClientConnection, tenant: TenantRoute): boolean => {
  if (tenant.sendfile_roots !== undefined || tenant.headers !== undefined) return false
  const { room } = client.lane.options
  client.tenant = tenant
  const place = room.tryEnter(tenant)
  if (place !== undefined) startRelay(client, place)
  else void waitFor(client, room.wait(tenant, waitOptions(client)))
  return true
}

/** After the tenant's process refused the connection: nothing has been sent, so any request may go in once more. */
export const enterAgain = (client: ClientConnection, place: Place): void => {
  client.leave()
  if (client.wasRefused) {
    answer(client, errorAnswer(client.exchange, 502, { errorMessage: 'the upstream refused the connection' }))
    return
  }
  client.wasRefused = true
  void waitFor(client, client.lane.options.room.refused(client.tenant!, place, waitOptions(client)))
}

const waitOptions = (client: ClientConnection): WaitOptions => {
  client.phase = 'waiting'
  // The waiting room has its own limits.
  client.deadline = Number.POSITIVE_INFINITY
  client.gone = new AbortController()
  return { patient: client.exchange.upgrade === 'websocket' || isPatient(client.exchange), signal: client.gone.signal }
}

const waitFor = async (client: ClientConnection, waiting: Promise<Outcome>): Promise<void> => {
  const outcome = await waiting
  if (client.phase !== 'waiting') {
    if (outcome.kind === 'admitted') client.lane.options.turnstile.leave(outcome.slot)
  } else if (outcome.kind === 'admitted') startRelay(client, outcome)
  else if (outcome.kind !== 'gone') answer(client, refusalAnswer(client.exchange, outcome))
}
