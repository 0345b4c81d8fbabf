import { withPort } from './port-placeholder.ts'

/** What goes over navigator's own environment, the later over the earlier. */
export type EnvironmentLayers = {
  /** The lent port under the name the app expects: `resolveCommand`'s `env`. */
  readonly lent?: Readonly<Record<string, string>>
  /** The tenant's or process's own `env`. */
  readonly own: Readonly<Record<string, string>>
  /** Names the child must not inherit: those its `env` has without a value. */
  readonly unset?: readonly string[]
  /** Put in the place of `{{port}}`, `${port}` and `${PORT}` in the values of `own`. */
  readonly port?: number
}

/** Names meant for navigator itself: a child that read them would take itself for navigator, or speak for it to systemd or a parent Node. */
const INTERNAL = /^(NAVIGATOR_|LISTEN_(FDS|PID|FDNAMES)$|NOTIFY_SOCKET$|WATCHDOG_(PID|USEC)$|NODE_CHANNEL_|NODE_UNIQUE_ID$)/

/**
 * The whole environment of a child: navigator's own without its internals < the lent port < the child's own `env`.
 * The one place where it is built. Supervisor thread.
 */
export const childEnvironment = (base: NodeJS.ProcessEnv, { lent = {}, own, unset = [], port }: EnvironmentLayers): NodeJS.ProcessEnv => {
  const inherited = Object.entries(base).filter(([name]) => !INTERNAL.test(name) && !unset.includes(name))
  const given = Object.entries(own).map(([name, value]) => [name, port === undefined ? value : withPort(value, port)])
  return { ...Object.fromEntries(inherited), ...lent, ...Object.fromEntries(given) }
}
