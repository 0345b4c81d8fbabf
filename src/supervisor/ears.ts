import type { Traffic } from '../inspect/traffic.ts'
import type { Logger } from '../log/logger.ts'
import { unreachable, type WorkerMessage } from '../protocol/messages.ts'
import type { CgiChildren } from './cgi-children.ts'
import type { Host } from './host.ts'
import type { Passwords } from './passwords.ts'
import type { TenantRegistry } from './tenant-registry.ts'
import type { Workers } from './workers.ts'

/** Who hears what workers say. Supervisor thread. */
export type Ears = {
  readonly log: Logger
  readonly registry: TenantRegistry
  readonly cgi: CgiChildren
  readonly passwords: Passwords
  readonly host: Host
  readonly traffic: Traffic
  requestReload(file: string): void
  writeAccess(bytes: Uint8Array): void
  workers(): Workers
}

/** Passes a worker's message on. */
export const hear = (
  worker: number,
  message: WorkerMessage,
  { log, registry, cgi, passwords, host, traffic, requestReload, writeAccess, workers }: Ears,
): void => {
  switch (message.type) {
    case 'worker.listening':
      workers().listening(worker)
      break
    case 'tenant.requested':
      registry.wake(message.tenant)
      break
    case 'host.requested':
      host.requested()
      break
    case 'tenant.refused':
      registry.refuse(message.tenant, message.ticket)
      break
    case 'password.check':
      void passwords.check(message).then((outcome) => workers().answer(worker, { type: 'password.checked', key: message.key, outcome }))
      break
    case 'cable.dropped':
      log.warn({ worker, messages: message.messages }, 'cable sockets are too slow, messages dropped')
      break
    case 'traffic.counted':
      traffic.add(message.delta)
      break
    case 'log.lines':
      writeAccess(message.bytes)
      break
    case 'cgi.started':
    case 'cgi.ended':
    case 'cgi.said':
    case 'cgi.failed':
      cgi.hear(worker, message)
      break
    case 'config.reloadRequested':
      requestReload(message.file)
      break
    default:
      unreachable(message)
  }
}
