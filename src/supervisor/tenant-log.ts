import type { TenantContext } from '../../machines/tenant-facts.ts'
import type { Logger } from '../log/logger.ts'
import type { PublicState } from '../protocol/routing-snapshot.ts'

/** A tenant's step from one public state to another. */
export type TenantStep = {
  readonly name: string
  readonly from: { readonly state: PublicState; readonly since: number }
  readonly state: PublicState
  readonly context: TenantContext
}

/** One line for each step of a tenant's life. Supervisor thread. */
export const logTenant = (log: Logger, step: TenantStep): void => {
  const [level, fields, message] = describe(step)
  log[level]({ tenant: step.name, ...fields }, message)
}

type Line = readonly ['debug' | 'info' | 'warn' | 'error', object, string]

const describe = ({ from, state, context }: TenantStep): Line => {
  const { running, stopReason: reason, crashes, failures, lastTail: tail } = context
  switch (state) {
    case 'starting':
      return ['info', {}, 'starting tenant']
    case 'ready':
      if (from.state !== 'starting') return ['debug', {}, 'tenant in use again']
      return ['info', { port: running?.port, pid: running?.pid, tookMs: Date.now() - from.since }, 'tenant ready']
    case 'idle':
      return ['debug', {}, 'tenant idle']
    case 'stopping':
      if (reason === undefined) return ['warn', { timeoutMs: context.readyTimeoutMs }, 'tenant not ready in time, stopping it']
      return ['info', { reason }, 'stopping tenant']
    case 'stopped':
      if (reason !== undefined) return ['info', { reason }, 'tenant stopped']
      if (from.state === 'crashed') return ['debug', { failures }, 'tenant may be tried again']
      return ['warn', { ...exitOf(context), crashes, tail }, 'tenant crashed']
    case 'crashed':
      return ['error', { ...exitOf(context), failures, retryInMs: context.backoffMs, tail }, 'tenant failed']
  }
}

const exitOf = ({ lastExit }: TenantContext) => ({ code: lastExit?.code, signal: lastExit?.signal })
