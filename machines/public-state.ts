/** The states everybody speaks of: `ps`, `inspect`, metrics, logs. Every state of a machine is tagged with one of them. */
export type PublicState = 'stopped' | 'starting' | 'ready' | 'idle' | 'stopping' | 'crashed'

const all: readonly PublicState[] = ['stopped', 'starting', 'ready', 'idle', 'stopping', 'crashed']

/** The public state of a tenant's or a managed process's snapshot. */
export const publicStateOf = (snapshot: { hasTag(tag: PublicState): boolean }): PublicState => {
  const state = all.find((tag) => snapshot.hasTag(tag))
  if (state === undefined) throw new Error('a state without its public name')
  return state
}
