/** Connections to upstreams. node:http itself drops a kept connection on which an upstream sends what nobody asked for. */
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction, Socket } from 'node:net'

// Shorter than most application servers keep an idle connection. Where theirs is shorter still, the request is repeated.
const IDLE_MS = 15_000
const FREE_PER_UPSTREAM = 128

export type Agents = {
  /** Kept-alive connections for what may be repeated. Anything else gets a new one: it must not meet one that is just closed. */
  choose(protocol: 'http:' | 'https:', mayRepeat: boolean): http.Agent
  /** Closes what is idle. */
  forget(): void
  /** Closes all. */
  destroy(): void
}

/** One pool per upstream, inside two agents. Worker thread. */
export const createAgents = (lookup: LookupFunction): Agents => {
  const pooled = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: FREE_PER_UPSTREAM, scheduling: 'lifo', lookup } as const
  const fresh = { keepAlive: false, lookup } as const
  const plain = { kept: heard(new http.Agent(pooled)), fresh: heard(new http.Agent(fresh)) }
  const tls = { kept: heard(new https.Agent(pooled)), fresh: heard(new https.Agent(fresh)) }
  return {
    choose(protocol, mayRepeat) {
      const pair = protocol === 'https:' ? tls : plain
      return mayRepeat ? pair.kept : pair.fresh
    },
    forget() {
      for (const agent of [plain.kept, tls.kept])
        for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
    },
    destroy() {
      plain.kept.destroy()
      tls.kept.destroy()
    },
  }
}

/**
 * Makes an agent's connections safe to fail at any time. node:http takes its own listener away at a 101, also at one that
 * nobody asked for: a reset right behind it would end the thread.
 */
const heard = <A extends http.Agent>(agent: A): A => {
  const createConnection = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const connection = createConnection(options, callback)
    connection?.on('error', ignore)
    return connection
  }
  return agent
}

const ignore = (): void => {}

/** An agent for one request, on a connection that is already open. */
export class OpenedAgent extends http.Agent {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ keepAlive: false })
    this.#socket = socket
    socket.on('error', ignore)
  }

  override createConnection(): Socket {
    return this.#socket
  }
}
