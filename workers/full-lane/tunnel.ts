/** Carries out a verdict on a WebSocket upgrade. */
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TenantRoute } from '../../src/protocol/routing-snapshot.ts'
import type { Answer, UpstreamTarget, Verdict } from '../exchange.ts'
import { errorAnswer, maintenanceAnswer, refusalAnswer } from '../responses.ts'
import type { Place } from '../routing-table.ts'
import type { Outcome } from '../waiting-room.ts'
import { OpenedAgent } from './agents.ts'
import { sendRawAnswer } from './answer.ts'
import { limitSilence } from './attempt.ts'
import { upgradeToCable } from './cable.ts'
import type { Carrier } from './carry.ts'
import type { Passage } from './passage.ts'
import type { Launch } from './proxy.ts'
import { headersOf, writeUpstreamHead } from './upstream-head.ts'

export type UpgradeErrand = { readonly passage: Passage; readonly socket: Socket; readonly head: Buffer; readonly carrier: Carrier }

/** Ends when the two sockets are joined or the answer is made; the passage ends with the client's socket. */
export const carryUpgrade = async (verdict: Verdict, errand: UpgradeErrand): Promise<void> => {
  switch (verdict.kind) {
    case 'respond':
      return sendRawAnswer(errand.passage, errand.socket, verdict)
    case 'cable':
      return upgradeToCable(errand)
    case 'file':
    case 'cgi':
    case 'broadcast':
      // Such a request was let through as an ordinary one; only a reload in between brings it here.
      return void errand.socket.destroy()
    case 'upstream':
      return upgradeToUpstream(errand, verdict.target)
    case 'tenant':
      return upgradeToTenant(errand, verdict.tenant)
  }
}

const upgradeToTenant = async (errand: UpgradeErrand, tenant: TenantRoute): Promise<void> => {
  const { passage, carrier } = errand
  passage.tenant = tenant.name
  const options = { patient: true, signal: passage.signal }
  let place = admit(errand, carrier.room.tryEnter(tenant) ?? (await carrier.room.wait(tenant, options)))
  if (place === undefined) return
  let upstream = await open(errand, place)
  if (upstream === 'refused') {
    passage.leave()
    place = admit(errand, await carrier.room.refused(tenant, place, options))
    if (place === undefined) return
    upstream = await open(errand, place)
  }
  if (typeof upstream === 'string') return answer(errand, upstream)
  if (passage.isOver) {
    upstream.destroy()
    return
  }
  join(
    errand,
    { isTracked: tenant.track_websockets },
    {
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: place.port,
      path: passage.exchange.path + passage.exchange.query,
      headers: writeUpstreamHead(passage.request, passage.exchange, {
        host: passage.exchange.header('host') ?? '',
        overrides: headersOf(tenant),
        upgrade: true,
      }),
      agent: new OpenedAgent(upstream),
    },
  )
}

const upgradeToUpstream = (errand: UpgradeErrand, target: UpstreamTarget): void => {
  const { passage, carrier } = errand
  passage.destination = `${target.protocol}//${target.host}`
  target.watch?.taken()
  const headers = writeUpstreamHead(passage.request, passage.exchange, { host: target.host, overrides: target.headers, upgrade: true })
  join(errand, { isTracked: false, target }, { ...target, headers, agent: carrier.agents.choose(target.protocol, false) })
}

const admit = (errand: UpgradeErrand, outcome: Outcome): Place | undefined => {
  const { passage, socket } = errand
  if (outcome.kind === 'admitted') {
    passage.hold(outcome)
    return passage.isOver ? undefined : outcome
  }
  if (outcome.kind !== 'gone') sendRawAnswer(passage, socket, refusalAnswer(passage.exchange, outcome))
  return undefined
}

/** Connects before http-proxy-3 has the client's socket: it closes that at the first error, so there could be no second try. */
const open = ({ passage }: UpgradeErrand, { port }: Place): Promise<Socket | 'refused' | 'timeout' | 'broken'> =>
  new Promise((resolve) => {
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true })
    const limit = setTimeout(() => {
      upstream.destroy()
      resolve('timeout')
    }, passage.exchange.routing.snapshot.server.timeouts.connect)
    upstream.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(limit)
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken')
    })
    upstream.once('connect', () => {
      clearTimeout(limit)
      upstream.removeAllListeners('error')
      resolve(upstream)
    })
  })

type Manner = { readonly isTracked: boolean; readonly target?: UpstreamTarget }

const join = (errand: UpgradeErrand, { isTracked, target }: Manner, to: Omit<Launch, 'begin' | 'failed' | 'connectTimeoutMs'>): void => {
  const { passage, socket } = errand
  const { timeouts } = passage.exchange.routing.snapshot.server
  errand.carrier.proxy.upgrade(passage.request, socket, errand.head, {
    ...to,
    connectTimeoutMs: timeouts.connect,
    begin(upstream) {
      passage.onceOver(() => upstream.destroy())
      limitSilence(upstream, timeouts.response, () => upstream.destroy(Object.assign(new Error('no response'), { code: 'ETIMEDOUT' })))
      upstream.once('upgrade', (response, upstreamSocket) => joined(errand, { response, upstreamSocket, isTracked }))
      upstream.once('response', (response) => watchRefusal(errand, response))
    },
    failed: (error: NodeJS.ErrnoException) => {
      const isLate = error.code === 'ECONNECT_TIMEOUT' || error.code === 'ETIMEDOUT'
      if (passage.status !== 0) return
      target?.watch?.failed()
      if (target?.whenDown === 'maintenance') sendRawAnswer(passage, socket, maintenanceAnswer(passage.exchange))
      else answer(errand, isLate ? 'timeout' : 'broken', error.message)
    },
  })
}

const joined = (
  { passage, socket }: UpgradeErrand,
  { response, upstreamSocket, isTracked }: { response: IncomingMessage; upstreamSocket: Socket; isTracked: boolean },
): void => {
  passage.status = response.statusCode ?? 101
  passage.responseType = 'websocket'
  passage.isAnswered = true
  passage.presence?.becomeSocket()
  if (isTracked) passage.becomeSocket()
  else passage.leave()
  // What joins them ends one when the other ends, and waits for the peer to do the same. A peer may never do.
  upstreamSocket.once('close', () => socket.destroySoon())
  passage.onceOver(() => upstreamSocket.destroy())
}

/** A refusal is relayed by http-proxy-3, which would leave the client waiting when it breaks off, and buffers without limit. */
const watchRefusal = ({ passage, socket }: UpgradeErrand, response: IncomingMessage): void => {
  passage.status = response.statusCode ?? 502
  passage.responseType = 'proxy'
  response.headers.connection = 'close'
  // Nobody reads from the client any more, so nobody would see it leave.
  socket.once('end', () => socket.destroy())
  socket.resume()
  response.on('data', (chunk: Buffer) => {
    passage.bytesSent += chunk.length
    if (!socket.writableNeedDrain) return
    response.pause()
    socket.once('drain', () => response.resume())
  })
  response.once('end', () => {
    passage.isAnswered = true
  })
  response.once('error', () => socket.destroy())
  response.once('close', () => {
    if (!response.complete) socket.destroy()
  })
}

const answer = (errand: UpgradeErrand, kind: 'refused' | 'timeout' | 'broken', message = `upstream ${kind}`): void => {
  const status = kind === 'timeout' ? 504 : 502
  const response: Answer = errorAnswer(errand.passage.exchange, status, { errorMessage: message })
  sendRawAnswer(errand.passage, errand.socket, response)
}
