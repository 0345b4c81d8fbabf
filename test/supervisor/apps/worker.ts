/** Stands for the real worker: `/<tenant>/…` is forwarded by the protocol's rules, `/die` ends the thread, `/routing` shows what it knows. */
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createTurnstile, portOf } from '../../../src/protocol/counters.ts'
import type { SupervisorMessage, WorkerBirth, WorkerMessage } from '../../../src/protocol/messages.ts'
import type { RoutingSnapshot, TenantStanding } from '../../../src/protocol/routing-snapshot.ts'
import { listenOnTransferred } from '../../../src/protocol/transferred-socket.ts'

type Waiting = { readonly tenant: string; readonly path: string; readonly response: ServerResponse }

export default async (birth: WorkerBirth): Promise<void> => {
  const turnstile = createTurnstile(birth.counters, birth.worker)
  const standings = new Map<string, TenantStanding>()
  const waiting = new Set<Waiting>()
  const ended = Promise.withResolvers<void>()
  let routing: RoutingSnapshot = birth.routing
  const tell = (message: WorkerMessage) => birth.port.postMessage(message)

  const adopt = (snapshot: RoutingSnapshot) => {
    routing = snapshot
    standings.clear()
    for (const standing of snapshot.standings) standings.set(standing.name, standing)
  }
  const attempt = (request: Waiting) => {
    const { tenant, path, response } = request
    const standing = standings.get(tenant)
    if (!routing.tenants.some(({ name }) => name === tenant)) return answer(request, 404, 'no such tenant')
    if (standing?.failure) return answer(request, 503, standing.failure.reason)
    const admission = standing?.admission
    if (!admission || !turnstile.enter(admission)) return tell({ type: 'tenant.requested', tenant })
    waiting.delete(request)
    const leave = () => turnstile.leave(admission.slot)
    get({ host: '127.0.0.1', port: portOf(admission.ticket), path, agent: false }, (upstream) => {
      upstream.pipe(response)
      upstream.once('close', leave)
    }).once('error', () => {
      leave()
      tell({ type: 'tenant.refused', tenant, ticket: admission.ticket })
      response.writeHead(502).end('bad gateway')
    })
  }
  const answer = (request: Waiting, status: number, text: string) => {
    waiting.delete(request)
    request.response.writeHead(status).end(text)
  }
  const retry = () => {
    for (const request of waiting) attempt(request)
  }
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const [, tenant = '', rest = ''] = /^\/([^/]*)(.*)$/.exec(request.url!)!
    if (tenant === 'die') throw new Error('told to die')
    if (tenant === 'routing') return response.end(JSON.stringify({ worker: birth.worker, routing, standings: [...standings.values()] }))
    const held = { tenant, path: rest || '/', response }
    waiting.add(held)
    attempt(held)
  }
  const servers: Server[] = []
  const listen = async (sockets: WorkerBirth['sockets']) => {
    for (const old of servers.splice(0)) old.close()
    for (const socket of sockets) {
      const server = createServer(serve)
      listenOnTransferred(server, socket)
      servers.push(server)
      await once(server, 'listening')
    }
  }
  const again = setInterval(retry, 1_000)
  const drain = (graceMs: number) => {
    const cut = setTimeout(() => {
      for (const server of servers) server.closeAllConnections()
    }, graceMs)
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    for (const server of servers) server.closeIdleConnections()
    void Promise.all(closed).then(() => {
      clearTimeout(cut)
      clearInterval(again)
      birth.port.close()
      ended.resolve()
    })
  }

  birth.port.on('message', (message: SupervisorMessage) => {
    if (message.type === 'worker.drain') return drain(message.graceMs)
    if (message.type === 'listener.replaced') return void listen(message.sockets)
    if (message.type === 'host.opened') return
    if (message.type === 'routing.published') adopt(message.snapshot)
    if (message.type === 'tenant.moved') standings.set(message.standing.name, message.standing)
    retry()
  })
  adopt(birth.routing)
  await listen(birth.sockets)
  tell({ type: 'worker.listening' })
  await ended.promise
}
