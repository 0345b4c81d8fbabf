/** An event as people say it: `xstate.after.readyTimeout.tenant.running` is `after readyTimeout`. */
export const eventName = (type: string): string => {
  const [, kind, name = ''] = /^xstate\.(after|done\.actor|error\.actor|done\.state)\.([^.]+)/.exec(type) ?? []
  if (kind === 'after') return `after ${name}`
  if (kind?.startsWith('done')) return `${name} done`
  return kind === undefined ? type || 'always' : `${name} failed`
}
