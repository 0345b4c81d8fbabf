import { resolve as resolvePath } from 'node:path'
import type { LoggingConfig, ManagedProcessConfig } from './config.ts'
import type { Surroundings } from './resolve-tenants.ts'
import type { File } from './schema.ts'
import { keyPositionOf } from './tree.ts'

/** Makes the paths of `logging` absolute, and notes where Vector would be started for nothing. */
export const resolveLogging = ({ file, vector, ...logging }: File['logging'], { cwd, root, findings }: Surroundings): LoggingConfig => {
  if (vector?.enabled && vector.socket === undefined) {
    findings.warn('logging.vector has no socket: no lines are sent to Vector', keyPositionOf(root, ['logging', 'vector']), 'write socket:')
  }
  return {
    ...logging,
    ...(file === undefined ? {} : { file: resolvePath(cwd, file) }),
    ...(vector === undefined ? {} : { vector: absolute(vector, cwd) }),
  }
}

/** Vector as the first of the managed processes, if it is to be started. */
export const vectorProcess = ({ vector }: LoggingConfig, { root, cwd, findings }: Surroundings): readonly ManagedProcessConfig[] => {
  if (!vector?.enabled || vector.config === undefined) return []
  const other = processNamed(root, 'vector')
  if (other) findings.error('a managed process is called "vector", as is the one of logging.vector', other, 'write another name:')
  return [
    {
      name: 'vector',
      command: 'vector',
      args: ['--config', vector.config],
      working_dir: cwd,
      env: {},
      auto_restart: true,
      start_delay: 0,
      stop_timeout: 10_000,
      ...(vector.socket === undefined ? {} : { stale_socket: vector.socket }),
    },
  ]
}

type Vector = NonNullable<File['logging']['vector']>

const absolute = ({ enabled, socket, config }: Vector, cwd: string): NonNullable<LoggingConfig['vector']> => ({
  ...(enabled === undefined ? {} : { enabled }),
  ...(socket === undefined ? {} : { socket: resolvePath(cwd, socket) }),
  ...(config === undefined ? {} : { config: resolvePath(cwd, config) }),
})

const processNamed = (root: Surroundings['root'], name: string) => {
  const list = root.entries.get('managed_processes')?.value
  const items = list?.kind === 'list' ? list.items : []
  const index = items.findIndex((item) => {
    const value = item.kind === 'map' ? item.entries.get('name')?.value : undefined
    return value?.kind === 'scalar' && value.text === name
  })
  return index < 0 ? undefined : keyPositionOf(root, ['managed_processes', index, 'name'])
}
